// The boxes that messages lie in. Pure.
import type { VoicemailMessage } from "../api/records";

/** The names of the boxes, each once, in the order of their numbers. */
export function boxesOf(messages: readonly VoicemailMessage[]): string[] {
  return [...new Set(messages.map(({ box }) => box))].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
}

/** The messages of one box, or of all for ""; the newest first. */
export function inBox(messages: readonly VoicemailMessage[], box: string): VoicemailMessage[] {
  return messages.filter((message) => box === "" || message.box === box).sort((a, b) => b.at - a.at);
}

/** `messages` with one of them marked. */
export function withHeard(
  messages: readonly VoicemailMessage[],
  { box, id }: VoicemailMessage,
  heard: boolean,
): VoicemailMessage[] {
  return messages.map((each) => (each.box === box && each.id === id ? { ...each, heard } : each));
}

/** `messages` without one of them. */
export function without(messages: readonly VoicemailMessage[], { box, id }: VoicemailMessage): VoicemailMessage[] {
  return messages.filter((each) => each.box !== box || each.id !== id);
}
