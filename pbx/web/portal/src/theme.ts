// The look, as far as it is not CSS. Mantine writes no <style> element here (see main.tsx), so colours that differ from
// its own stand in theme.css.
import { Badge, Button, createTheme } from "@mantine/core";

export const theme = createTheme({
  primaryColor: "indigo",
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Badge: Badge.extend({ defaultProps: { tt: "none", fw: 600 } }),
    Button: Button.extend({ defaultProps: { fw: 500 } }),
  },
});
