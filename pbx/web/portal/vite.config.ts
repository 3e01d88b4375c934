// How the portal is built: `npm run build` writes static/, which the web process serves. `npm run dev` serves the
// sources with hot reload and hands /api to a running `pbx serve`; PBX_WEB says where that listens.
import react from "@vitejs/plugin-react";
import { loadEnv } from "vite";
import { defineConfig } from "vitest/config";

const { PBX_WEB = "http://127.0.0.1:8080" } = loadEnv("", ".", "PBX_");

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "static",
    emptyOutDir: true,
    // Inlined images would be data: addresses, which the web process's Content-Security-Policy does not let in.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1000, // kB; it is loaded once, mostly from the same machine or office
  },
  server: { proxy: { "/api": PBX_WEB } },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
