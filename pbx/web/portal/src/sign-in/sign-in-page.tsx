// Signing in with a name and a password.
import { Alert, Button, Code, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api } from "../api/client";
import { inWords } from "../api/problem";
import { KEYS } from "../api/queries";
import { Front } from "./front";

export function SignInPage({ notice }: { notice?: string }) {
  const [name, setName] = useState("admin");
  const [password, setPassword] = useState("");
  const cache = useQueryClient();
  const navigate = useNavigate();
  const signIn = useMutation({
    mutationFn: () => api.signIn(name.trim(), password),
    onSuccess: () => {
      cache.removeQueries({ queryKey: KEYS.me });
      return navigate({ to: "/", replace: true });
    },
  });
  const trouble = signIn.error === null ? notice : inWords(signIn.error);

  function submit(event: FormEvent): void {
    event.preventDefault();
    signIn.mutate();
  }

  return (
    <Front title="Sign in" lead="To the portal of your telephone system.">
      <form onSubmit={submit}>
        <Stack>
          {trouble !== undefined && <Alert color="red">{trouble}</Alert>}
          <TextInput
            label="Name"
            name="username"
            autoComplete="username"
            required
            withAsterisk={false}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            name="password"
            autoComplete="current-password"
            required
            withAsterisk={false}
            autoFocus
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Button type="submit" loading={signIn.isPending} mt="xs">
            Sign in
          </Button>
        </Stack>
      </form>
      <Text size="xs" c="var(--quiet)">
        First time here, or password forgotten? On the server, <Code>pbx link</Code> prints a link that signs you in
        once.
      </Text>
    </Front>
  );
}
