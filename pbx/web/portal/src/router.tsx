// Which address shows which page, and who may see it.
import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  type ErrorComponentProps,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { useState } from "react";
import { isSessionOver } from "./api/problem";
import { meQuery } from "./api/queries";
import { CallPage } from "./calls/call-page";
import { CallsPage } from "./calls/calls-page";
import { Overview } from "./overview/overview";
import { PhonesPage } from "./phones/phones-page";
import { NoSuchPage, PageError } from "./shell/page-error";
import { Shell } from "./shell/shell";
import { LinkPage } from "./sign-in/link-page";
import { PasswordPage } from "./sign-in/password-page";
import { SignInPage } from "./sign-in/sign-in-page";
import { takenToken } from "./sign-in/token";
import { VoicemailPage } from "./voicemail/voicemail-page";

const root = createRootRouteWithContext<{ cache: QueryClient }>()({
  component: Outlet,
  notFoundComponent: NoSuchPage,
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  component: SignIn,
});

function SignIn() {
  const [token] = useState(takenToken); // as it was when the page was opened: it is dropped while the page is still there
  return token === "" ? <SignInPage /> : <LinkPage token={token} />;
}

/** Loads who is signed in before any page below is shown, or sends to the sign-in page. */
const signedIn = createRoute({
  getParentRoute: () => root,
  id: "signed-in",
  beforeLoad: async ({ context, location }) => {
    const me = await context.cache.ensureQueryData(meQuery).catch((error: unknown) => {
      throw isSessionOver(error) ? redirect({ to: "/sign-in" }) : error;
    });
    if (me.must_set_password && location.pathname !== "/password") throw redirect({ to: "/password" });
    return { me };
  },
  errorComponent: ({ error, reset }: ErrorComponentProps) => <PageError error={error} retry={reset} />,
});

const password = createRoute({ getParentRoute: () => signedIn, path: "/password", component: PasswordPage });

const shell = createRoute({ getParentRoute: () => signedIn, id: "shell", component: Shell });
const overview = createRoute({ getParentRoute: () => shell, path: "/", component: Overview });
const phones = createRoute({ getParentRoute: () => shell, path: "/phones", component: PhonesPage });
const calls = createRoute({ getParentRoute: () => shell, path: "/calls", component: CallsPage });
const voicemail = createRoute({ getParentRoute: () => shell, path: "/voicemail", component: VoicemailPage });
const call = createRoute({
  getParentRoute: () => shell,
  path: "/calls/$callId",
  component: () => <CallPage id={call.useParams().callId} />,
});

const tree = root.addChildren([
  signIn,
  signedIn.addChildren([password, shell.addChildren([overview, phones, calls, call, voicemail])]),
]);

export function createPortalRouter(cache: QueryClient) {
  return createRouter({ routeTree: tree, context: { cache }, defaultPreload: false, scrollRestoration: false });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createPortalRouter>;
  }
}
