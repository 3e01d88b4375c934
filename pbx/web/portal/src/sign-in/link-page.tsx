// Signs in with the token of a one-time link. Nothing to do for the person but wait a moment.
import { Center, Loader } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { api } from "../api/client";
import { inWords } from "../api/problem";
import { KEYS } from "../api/queries";
import { Front } from "./front";
import { SignInPage } from "./sign-in-page";
import { dropToken } from "./token";

export function LinkPage({ token }: { token: string }) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  // A query and not an effect: an effect may run twice, and the link works once.
  const { isSuccess, error } = useQuery({
    queryKey: ["sign-in-link", token],
    queryFn: async () => {
      await api.signInByLink(token);
      return true;
    },
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });

  useEffect(() => {
    if (!isSuccess) return;
    dropToken();
    cache.removeQueries({ queryKey: KEYS.me });
    void navigate({ to: "/", replace: true });
  }, [isSuccess, cache, navigate]);

  if (error !== null) return <SignInPage notice={inWords(error)} />;
  return (
    <Front title="Signing in">
      <Center py="md">
        <Loader aria-label="Signing in" />
      </Center>
    </Front>
  );
}
