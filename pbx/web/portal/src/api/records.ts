// What the web process answers with, field by field as in its JSON. Moments are unix seconds, durations seconds.

/** Who is signed in. */
export interface Me {
  name: string;
  tenant: string;
  role: string;
  has_password: boolean;
  must_set_password: boolean;
}

/** A call while it lasts. */
export interface LiveCall {
  id: string;
  tenant: string;
  from_number: string;
  to_number: string;
  phase: string;
  started_at: number;
  answered_at: number | null;
  parties: string[];
}

/** One phone that registered an extension. */
export interface Contact {
  contact: string;
  source: string;
  user_agent: string;
  registered_at: number;
  expires_at: number;
}

/** An extension, with the phones that are registered to it now. */
export interface Registration {
  extension: string;
  name: string;
  contacts: Contact[];
}

export type Disposition =
  | "answered"
  | "busy"
  | "no-answer"
  | "unavailable"
  | "cancelled"
  | "declined"
  | "failed"
  | "interrupted";

/** What a leg's media came to. A figure that was never measured is null. */
export interface LegMedia {
  codec: string;
  packets_sent: number;
  packets_received: number;
  packets_forwarded: number;
  packets_decoded: number;
  lost_ratio: number | null;
  jitter_ms: number | null;
  mos: number | null;
}

/** One party's share of a call. */
export interface CdrLeg {
  leg: string;
  role: "caller" | "callee";
  party: string;
  uri: string;
  started_at: number;
  ringing_at: number | null;
  answered_at: number | null;
  ended_at: number | null;
  status: number | null;
  ended_by: "caller" | "callee" | "system" | null;
  reason: string;
  held_s: number;
  media: LegMedia | null;
}

/** One step through the tenant's plan, with its reason. */
export interface PathStep {
  at: number;
  node: string;
  outcome: string;
  reason: string;
}

/** The record of a call that is over. */
export interface Cdr {
  id: string;
  from_number: string;
  from_name: string;
  to_number: string;
  sip_call_id: string;
  started_at: number;
  ringing_at: number | null;
  answered_at: number | null;
  ended_at: number;
  talk_s: number;
  disposition: Disposition;
  ended_by: "caller" | "callee" | "system";
  sip_status: number | null;
  reason: string;
  legs: CdrLeg[];
  path: PathStep[];
}

/** Records, the newest call first; `next` asks for those before them. */
export interface CdrPage {
  cdrs: Cdr[];
  next: string | null;
}

/** A message that a caller left. */
export interface VoicemailMessage {
  id: string;
  box: string;
  from_number: string;
  from_name: string;
  at: number;
  duration_s: number;
  heard: boolean;
}
