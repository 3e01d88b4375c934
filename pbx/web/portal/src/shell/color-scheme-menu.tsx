// Light, dark, or as the system has it; the choice is kept in this browser.
import {
  ActionIcon,
  type MantineColorScheme,
  Menu,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";
import { MoonIcon, SunIcon, SystemIcon, TickIcon } from "./icons";

const SCHEMES = [
  { scheme: "light", words: "Light", Icon: SunIcon },
  { scheme: "dark", words: "Dark", Icon: MoonIcon },
  { scheme: "auto", words: "As the system", Icon: SystemIcon },
] as const satisfies readonly { scheme: MantineColorScheme; words: string; Icon: typeof SunIcon }[];

export function ColorSchemeMenu() {
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true }); // the other way is a <style> element
  const shown = useComputedColorScheme("light", { getInitialValueInEffect: false });
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Light or dark">
          {shown === "dark" ? <MoonIcon /> : <SunIcon />}
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {SCHEMES.map(({ scheme, words, Icon }) => (
          <Menu.Item
            key={scheme}
            leftSection={<Icon size={16} />}
            rightSection={scheme === colorScheme ? <TickIcon size={16} /> : null}
            onClick={() => setColorScheme(scheme)}
          >
            {words}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
