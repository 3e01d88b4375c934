// Instead of a page: why there is none, and what to do.
import { Anchor, Button, Center, Stack, Text, Title } from "@mantine/core";
import { Link, useRouter } from "@tanstack/react-router";
import { inWords } from "../api/problem";

export function PageError({ error, retry }: { error: unknown; retry: () => void }) {
  const router = useRouter();
  const again = () => {
    retry();
    void router.invalidate();
  };
  return (
    <Center mih="70dvh" p="lg">
      <Stack align="center" maw={420} ta="center" role="alert">
        <Title order={2}>The page cannot be shown</Title>
        <Text c="var(--quiet)">{inWords(error)}</Text>
        <Button onClick={again}>Try again</Button>
      </Stack>
    </Center>
  );
}

export function NoSuchPage() {
  return (
    <Center mih="70dvh" p="lg">
      <Stack align="center" ta="center">
        <Title order={2}>There is no such page</Title>
        <Anchor component={Link} to="/">
          Go to the overview
        </Anchor>
      </Stack>
    </Center>
  );
}
