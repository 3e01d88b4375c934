// One message: who, when, how long, and what can be done with it.
import { ActionIcon, Badge, Button, Group, Popover, Text } from "@mantine/core";
import { useState } from "react";
import { api } from "../api/client";
import { inWords } from "../api/problem";
import type { VoicemailMessage } from "../api/records";
import { BinIcon, DownloadIcon } from "../shell/icons";
import { exactMoment, moment } from "../words/moment";
import { caller } from "../words/phone";
import { useDelete, useMark } from "./changes";
import { Player } from "./player";
import classes from "./voicemail.module.css";

export function MessageLine({ message, now }: { message: VoicemailMessage; now: number }) {
  const mark = useMark(message);
  const audio = api.audioAddress(message.box, message.id);
  const from = caller(message.from_number, message.from_name);
  return (
    <li className={classes.message} data-new={!message.heard || undefined} data-message={message.id}>
      <span className={classes.dot}>{!message.heard && <span className="unseen">New:</span>}</span>
      <div className={classes.who}>
        <Text fw={message.heard ? 400 : 650} truncate>
          {from}
        </Text>
        <Text size="sm" c="var(--quiet)" title={exactMoment(message.at)}>
          {moment(message.at, now)}
        </Text>
      </div>
      <Badge variant="default" className={classes.box}>
        Box {message.box}
      </Badge>
      <Player
        audio={audio}
        durationS={message.duration_s}
        words={`the message from ${from}`}
        onPlay={() => !message.heard && mark.mutate(true)}
      />
      <Group gap={4} wrap="nowrap" className={classes.actions}>
        <Button variant="subtle" color="gray" size="compact-sm" onClick={() => mark.mutate(!message.heard)}>
          {message.heard ? "Mark new" : "Mark heard"}
        </Button>
        <ActionIcon
          component="a"
          href={audio}
          download={`voicemail-${message.box}-${message.id}.wav`}
          variant="subtle"
          color="gray"
          aria-label={`Download the message from ${from}`}
        >
          <DownloadIcon size={18} />
        </ActionIcon>
        <DeleteButton message={message} from={from} />
      </Group>
      {mark.error !== null && (
        <Text size="sm" c="red" role="alert" className={classes.trouble}>
          {inWords(mark.error)}
        </Text>
      )}
    </li>
  );
}

/** Asks before it deletes: there is no way back. */
function DeleteButton({ message, from }: { message: VoicemailMessage; from: string }) {
  const [isAsking, setIsAsking] = useState(false);
  const remove = useDelete(message);
  return (
    <Popover opened={isAsking} onChange={setIsAsking} trapFocus returnFocus position="bottom-end" shadow="md" withArrow>
      <Popover.Target>
        <ActionIcon
          variant="subtle"
          color="red"
          aria-label={`Delete the message from ${from}`}
          onClick={() => setIsAsking(!isAsking)}
        >
          <BinIcon size={18} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown>
        <Text size="sm" mb="sm" maw={240}>
          Delete this message for good?
        </Text>
        {remove.error !== null && (
          <Text size="sm" c="red" role="alert" mb="sm">
            {inWords(remove.error)}
          </Text>
        )}
        <Group gap="xs" justify="flex-end">
          <Button variant="default" size="compact-sm" onClick={() => setIsAsking(false)}>
            Keep
          </Button>
          <Button color="red" size="compact-sm" loading={remove.isPending} onClick={() => remove.mutate()}>
            Delete
          </Button>
        </Group>
      </Popover.Dropdown>
    </Popover>
  );
}
