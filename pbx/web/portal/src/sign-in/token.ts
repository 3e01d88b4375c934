// The token of a one-time sign-in link, http://HOST/sign-in#TOKEN. It stands behind the # because browsers send that part
// to no server and name it in no Referer; it leaves the address bar and the history before anything is shown.

let token = "";

/** Takes the token out of the address. To be called before the router reads the address. */
export function takeToken(address: Pick<Location, "pathname" | "hash">, history: Pick<History, "replaceState">): void {
  if (address.pathname !== "/sign-in" || address.hash.length < 2) return;
  token = address.hash.slice(1);
  history.replaceState(null, "", address.pathname);
}

/** The token that was taken, or "". */
export const takenToken = () => token;

/** Forgets it: a link works a single time. */
export function dropToken(): void {
  token = "";
}
