// A titled part of a page, and what stands in it while there is nothing, or nothing yet, or an error.
import { Alert, Button, Group, Paper, Skeleton, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { inWords } from "../api/problem";
import classes from "./card.module.css";

interface CardProps {
  title: string;
  aside?: ReactNode;
  children: ReactNode;
}

export function Card({ title, aside, children }: CardProps) {
  return (
    <Paper component="section" className={classes.card} aria-label={title}>
      <Group justify="space-between" className={classes.top}>
        <Title order={2} fz="md" fw={600}>
          {title}
        </Title>
        {aside}
      </Group>
      {children}
    </Paper>
  );
}

export function Empty({ icon, title, children }: { icon: ReactNode; title: string; children?: ReactNode }) {
  return (
    <Stack align="center" gap={6} className={classes.empty}>
      <span className={classes.emptyIcon}>{icon}</span>
      <Text fw={500}>{title}</Text>
      {children !== undefined && (
        <Text size="sm" c="var(--quiet)" ta="center" maw={380}>
          {children}
        </Text>
      )}
    </Stack>
  );
}

/** What a query gives besides its data. */
interface Loaded {
  error: unknown;
  isPending: boolean;
  refetch: () => unknown;
}

/** `children` once there is something to show; an error is shown in words, above what was known before it. */
export function Loading({ query, children }: { query: Loaded; children: ReactNode }) {
  if (query.isPending) {
    return (
      <Stack gap="xs" p="md" aria-busy="true" aria-label="Loading">
        <Skeleton height={18} width="60%" />
        <Skeleton height={18} width="80%" />
        <Skeleton height={18} width="40%" />
      </Stack>
    );
  }
  return (
    <>
      {query.error !== null && <Trouble error={query.error} retry={() => void query.refetch()} />}
      {children}
    </>
  );
}

export function Trouble({ error, retry }: { error: unknown; retry?: () => void }) {
  return (
    <Alert color="red" variant="light" role="alert" m="md">
      <Group justify="space-between">
        <Text size="sm">{inWords(error)}</Text>
        {retry !== undefined && (
          <Button size="compact-sm" variant="light" color="red" onClick={retry}>
            Try again
          </Button>
        )}
      </Group>
    </Alert>
  );
}
