// The mark and the name.
import { Group, Text } from "@mantine/core";
import mark from "../icon.svg";

export function Brand() {
  return (
    <Group gap={10} wrap="nowrap">
      <img src={mark} width={28} height={28} alt="" />
      <Text fw={700} fz="lg">
        PBX
      </Text>
    </Group>
  );
}
