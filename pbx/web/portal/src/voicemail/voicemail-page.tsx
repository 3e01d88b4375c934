// The messages of all boxes, the newest first: to hear, to mark and to delete.
import { SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { voicemailQuery } from "../api/queries";
import { useNow } from "../live/live";
import { Card, Empty, Loading } from "../shell/card";
import { VoicemailIcon } from "../shell/icons";
import { PageTitle } from "../shell/page-title";
import { boxesOf, inBox } from "./boxes";
import { MessageLine } from "./message-line";
import classes from "./voicemail.module.css";

const ALL = "";

export function VoicemailPage() {
  const query = useQuery(voicemailQuery);
  const [box, setBox] = useState(ALL);
  const now = useNow();
  const messages = query.data ?? [];
  const boxes = boxesOf(messages);
  const chosen = boxes.includes(box) ? box : ALL; // its last message may have been deleted
  const shown = inBox(messages, chosen);
  return (
    <>
      <PageTitle title="Voicemail">Messages that callers left. A message counts as heard once it is played.</PageTitle>
      <Card
        title="Messages"
        aside={
          boxes.length > 1 && (
            <SegmentedControl
              size="sm"
              aria-label="Box"
              value={chosen}
              onChange={setBox}
              data={[{ value: ALL, label: "All boxes" }, ...boxes]}
            />
          )
        }
      >
        <Loading query={query}>
          {shown.length === 0 ? (
            <Empty icon={<VoicemailIcon size={24} />} title="No messages">
              When nobody answers, callers are asked to leave a message; it appears here at once.
            </Empty>
          ) : (
            <ul className={classes.messages}>
              {shown.map((message) => (
                <MessageLine key={`${message.box}/${message.id}`} message={message} now={now} />
              ))}
            </ul>
          )}
        </Loading>
      </Card>
    </>
  );
}
