// The portal's own icons: strokes on a 24 by 24 grid. They say nothing that the words beside them do not, so screen
// readers pass over them.
import type { ReactNode } from "react";

interface IconProps {
  size?: number; // px
}

function Strokes({ size = 20, children }: IconProps & { children: ReactNode }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.75}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {children}
    </svg>
  );
}

export const OverviewIcon = (props: IconProps) => (
  <Strokes {...props}>
    <path d="M4 4h7v9H4zM13 4h7v5h-7zM13 12h7v8h-7zM4 16h7v4H4z" />
  </Strokes>
);
export const CallsIcon = (props: IconProps) => (
  <Strokes {...props}>
    <path d="M4 7h12M13 4l3 3-3 3M20 17H8M11 14l-3 3 3 3" />
  </Strokes>
);
export const VoicemailIcon = (props: IconProps) => (
  <Strokes {...props}>
    <circle cx="6.5" cy="12" r="4" />
    <circle cx="17.5" cy="12" r="4" />
    <path d="M6.500 16h11" />
  </Strokes>
);
export const PhoneIcon = (props: IconProps) => (
  <Strokes {...props}>
    <path d="M6 3.500h3l1.600 4.300-2 1.500a12 12 0 0 0 6 6l1.500-2 4.400 1.700v3a2 2 0 0 1-2.200 2A16.500 16.500 0 0 1 4 5.700a2 2 0 0 1 2-2.200z" />
  </Strokes>
);
export const SunIcon = (props: IconProps) => (
  <Strokes {...props}>
    <circle cx="12" cy="12" r="4" />
    <path d="M12 3v1.500M12 19.500V21M3 12h1.500M19.500 12H21M5.600 5.600l1.100 1.100M17.300 17.300l1.100 1.100M5.600 18.400l1.100-1.100M17.300 6.700l1.100-1.100" />
  </Strokes>
);
export const MoonIcon = (props: IconProps) => (
  <Strokes {...props}>
    <path d="M20 14.500A8.500 8.500 0 1 1 9.500 4a7 7 0 0 0 10.500 10.500z" />
  </Strokes>
);
export const SystemIcon = (props: IconProps) => (
  <Strokes {...props}>
    <path d="M4 5h16v11H4zM9 20h6M12 16v4" />
  </Strokes>
);
export const PersonIcon = (props: IconProps) => (
  <Strokes {...props}>
    <circle cx="12" cy="8" r="4" />
    <path d="M4.500 20a7.500 7.500 0 0 1 15 0" />
  </Strokes>
);
export const ChevronIcon = (props: IconProps) => (
  <Strokes {...props}>
    <path d="M9 6l6 6-6 6" />
  </Strokes>
);
export const PlayIcon = (props: IconProps) => (
  <Strokes {...props}>
    <path d="M8 5.500v13l11-6.500z" fill="currentColor" />
  </Strokes>
);
export const PauseIcon = (props: IconProps) => (
  <Strokes {...props}>
    <path d="M8 6v12M16 6v12" strokeWidth={3} />
  </Strokes>
);
export const BinIcon = (props: IconProps) => (
  <Strokes {...props}>
    <path d="M5 7h14M10 7V4.500h4V7M7 7l1 12.500h8L17 7M10.500 11v5M13.500 11v5" />
  </Strokes>
);
export const DownloadIcon = (props: IconProps) => (
  <Strokes {...props}>
    <path d="M12 4v11M7.500 11l4.500 4.500 4.500-4.500M5 20h14" />
  </Strokes>
);
export const WarningIcon = (props: IconProps) => (
  <Strokes {...props}>
    <path d="M12 4l9 16H3zM12 10v4.500M12 17.300v.2" />
  </Strokes>
);
export const ArrowIcon = (props: IconProps) => (
  <Strokes {...props}>
    <path d="M5 12h14M13 6l6 6-6 6" />
  </Strokes>
);
export const TickIcon = (props: IconProps) => (
  <Strokes {...props}>
    <path d="M5 12.500l4.500 4.500L19 7.500" />
  </Strokes>
);
