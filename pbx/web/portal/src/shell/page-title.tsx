// A page's heading, which is also the title of its window.
import { Stack, Text, Title } from "@mantine/core";

export function PageTitle({ title, children }: { title: string; children?: string }) {
  return (
    <Stack gap={2} mb="lg">
      <title>{`${title} · PBX`}</title>
      <Title order={1} fz={26}>
        {title}
      </Title>
      {children !== undefined && <Text c="var(--quiet)">{children}</Text>}
    </Stack>
  );
}
