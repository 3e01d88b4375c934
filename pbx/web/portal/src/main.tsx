// Starts the portal in its page.
import "@mantine/core/styles.css";
import "./theme.css";
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createCache } from "./cache";
import { createPortalRouter } from "./router";
import { takeToken } from "./sign-in/token";
import { theme } from "./theme";

takeToken(window.location, window.history);
// A second link opened in the same tab changes nothing but what stands behind the #: to a browser that is no new page.
window.addEventListener("hashchange", () => {
  if (window.location.pathname === "/sign-in") window.location.reload();
});

const cache = createCache(() => void router.navigate({ to: "/sign-in" }));
const router = createPortalRouter(cache);

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element with the id root");
createRoot(root).render(
  <StrictMode>
    {/* No <style> elements at run time: the server's Content-Security-Policy lets none in. */}
    <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
      <QueryClientProvider client={cache}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
