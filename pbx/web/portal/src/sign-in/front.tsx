// The frame of the pages before the portal: a card in the middle.
import { Center, Paper, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { Brand } from "../shell/brand";
import classes from "./front.module.css";

export function Front({ title, lead, children }: { title: string; lead?: string | undefined; children: ReactNode }) {
  return (
    <Center component="main" mih="100dvh" p="md">
      <title>{`${title} · PBX`}</title>
      <Paper className={classes.front}>
        <Stack gap="lg">
          <Brand />
          <div>
            <Title order={1} fz={24}>
              {title}
            </Title>
            {lead !== undefined && (
              <Text c="var(--quiet)" size="sm" mt={4}>
                {lead}
              </Text>
            )}
          </div>
          {children}
        </Stack>
      </Paper>
    </Center>
  );
}
