// Setting a password: the first one after a sign-in by link, or another one later.
import { Alert, Button, PasswordInput, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api } from "../api/client";
import { inWords } from "../api/problem";
import { meQuery } from "../api/queries";
import { LENGTH_MIN, strength } from "../words/password-strength";
import { Front } from "./front";
import classes from "./front.module.css";

export function PasswordPage() {
  const { data: me } = useSuspenseQuery(meQuery);
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const cache = useQueryClient();
  const navigate = useNavigate();
  const isFirst = me.must_set_password || !me.has_password;
  const set = useMutation({
    mutationFn: () => api.setPassword(password, current === "" ? null : current),
    onSuccess: async () => {
      await cache.refetchQueries({ queryKey: meQuery.queryKey });
      await navigate({ to: "/", replace: true });
    },
  });
  const { score, words } = strength(password);
  const differs = again !== "" && again !== password;

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (score > 0 && again === password) set.mutate();
  }

  return (
    <Front
      title={isFirst ? "Set your password" : "Change your password"}
      lead={
        isFirst ? `You are signed in as ${me.name}. The link worked once; from now on this password does.` : undefined
      }
    >
      <form onSubmit={submit}>
        <Stack>
          {set.error !== null && <Alert color="red">{inWords(set.error)}</Alert>}
          <input type="text" name="username" autoComplete="username" value={me.name} readOnly hidden />
          {!isFirst && (
            <PasswordInput
              label="Current password"
              description="Leave it empty if a sign-in link brought you here."
              autoComplete="current-password"
              value={current}
              onChange={(event) => setCurrent(event.currentTarget.value)}
            />
          )}
          <PasswordInput
            label="New password"
            description={`At least ${LENGTH_MIN} characters; a few words are fine.`}
            autoComplete="new-password"
            required
            withAsterisk={false}
            minLength={LENGTH_MIN}
            autoFocus
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Stack gap={6} aria-live="polite">
            <div className={classes.meter} data-score={score} aria-hidden="true">
              <span />
              <span />
              <span />
              <span />
            </div>
            <Text size="xs" c="var(--quiet)" mih="1.2em">
              {password === "" ? "" : words}
            </Text>
          </Stack>
          <PasswordInput
            label="New password again"
            autoComplete="new-password"
            required
            withAsterisk={false}
            error={differs ? "This is not the same as above." : null}
            value={again}
            onChange={(event) => setAgain(event.currentTarget.value)}
          />
          <Button type="submit" loading={set.isPending} disabled={score === 0 || again !== password}>
            Set password
          </Button>
          {!me.must_set_password && (
            <Button variant="subtle" color="gray" onClick={() => void navigate({ to: "/" })}>
              Cancel
            </Button>
          )}
        </Stack>
      </form>
    </Front>
  );
}
