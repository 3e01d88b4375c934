// Marking and deleting: shown at once, taken back if the server refuses.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "../api/client";
import { KEYS } from "../api/queries";
import type { VoicemailMessage } from "../api/records";
import { withHeard, without } from "./boxes";

type Change = (messages: readonly VoicemailMessage[]) => VoicemailMessage[];

function useChange<Asked>(ask: (asked: Asked) => Promise<unknown>, change: (asked: Asked) => Change) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ask,
    onMutate: async (asked: Asked) => {
      await cache.cancelQueries({ queryKey: KEYS.voicemail });
      cache.setQueryData<VoicemailMessage[]>(KEYS.voicemail, (before) => before && change(asked)(before));
    },
    onSettled: () => cache.invalidateQueries({ queryKey: KEYS.voicemail }),
  });
}

export function useMark(message: VoicemailMessage) {
  return useChange(
    (heard: boolean) => api.markMessage(message.box, message.id, heard),
    (heard) => (messages) => withHeard(messages, message, heard),
  );
}

export function useDelete(message: VoicemailMessage) {
  return useChange(
    () => api.deleteMessage(message.box, message.id),
    () => (messages) => without(messages, message),
  );
}
