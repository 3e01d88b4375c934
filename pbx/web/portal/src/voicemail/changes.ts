// Marking is shown at once, and taken back if the server refuses. A deleted message goes once the server has said so: what
// is gone from the page has no place where a refusal could be told.
import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "../api/client";
import { KEYS } from "../api/queries";
import type { VoicemailMessage } from "../api/records";
import { withHeard, without } from "./boxes";

async function change(cache: QueryClient, by: (messages: readonly VoicemailMessage[]) => VoicemailMessage[]) {
  await cache.cancelQueries({ queryKey: KEYS.voicemail });
  cache.setQueryData<VoicemailMessage[]>(KEYS.voicemail, (before) => before && by(before));
}

export function useMark(message: VoicemailMessage) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (heard: boolean) => api.markMessage(message.box, message.id, heard),
    onMutate: (heard) => change(cache, (messages) => withHeard(messages, message, heard)),
    onSettled: () => cache.invalidateQueries({ queryKey: KEYS.voicemail }),
  });
}

export function useDelete(message: VoicemailMessage) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: () => api.deleteMessage(message.box, message.id),
    onSuccess: () => change(cache, (messages) => without(messages, message)),
    onSettled: () => cache.invalidateQueries({ queryKey: KEYS.voicemail }),
  });
}
