// Plays one message. Nothing is loaded before it is played; where one starts, another that plays stops.
import { ActionIcon, Slider, Text } from "@mantine/core";
import { useRef, useState } from "react";
import { PauseIcon, PlayIcon } from "../shell/icons";
import { counted } from "../words/duration";
import classes from "./voicemail.module.css";

let playing: HTMLAudioElement | null = null;

interface PlayerProps {
  audio: string; // its address
  durationS: number;
  words: string; // what it plays, as it stands after "Play"
  onPlay: () => void;
}

export function Player({ audio, durationS, words, onPlay }: PlayerProps) {
  const element = useRef<HTMLAudioElement>(null);
  const [isPlaying, setIsPlaying] = useState(false);
  const [positionS, setPositionS] = useState(0);
  const [hasFailed, setHasFailed] = useState(false);

  function toggle(): void {
    const media = element.current;
    if (media === null) return;
    if (!media.paused) {
      media.pause();
      return;
    }
    if (playing !== media) playing?.pause();
    playing = media;
    setHasFailed(false);
    media.play().then(onPlay, (error: unknown) => {
      // Pausing while it loads is no failure.
      if (!(error instanceof DOMException && error.name === "AbortError")) setHasFailed(true);
    });
  }

  function seek(toS: number): void {
    setPositionS(toS);
    if (element.current !== null) element.current.currentTime = toS;
  }

  return (
    <div className={classes.player}>
      {/* biome-ignore lint/a11y/useMediaCaption: nobody has written down what a caller said */}
      <audio
        ref={element}
        src={audio}
        preload="none"
        onPlay={() => setIsPlaying(true)}
        onPause={() => setIsPlaying(false)}
        onEnded={() => seek(0)}
        onTimeUpdate={(event) => setPositionS(event.currentTarget.currentTime)}
      />
      <ActionIcon radius="xl" size="lg" onClick={toggle} aria-label={`${isPlaying ? "Pause" : "Play"} ${words}`}>
        {isPlaying ? <PauseIcon size={18} /> : <PlayIcon size={18} />}
      </ActionIcon>
      <Slider
        className={classes.slider}
        size="xs"
        label={null}
        min={0}
        max={Math.max(durationS, 0.1)}
        step={0.1}
        value={positionS}
        onChange={seek}
        thumbLabel={`Position in ${words}`}
      />
      <Text
        size="sm"
        className={classes.time}
        c={hasFailed ? "red" : "var(--quiet)"}
        role={hasFailed ? "alert" : undefined}
      >
        {hasFailed ? "Cannot be played" : `${counted(positionS)} / ${counted(Math.round(durationS))}`}
      </Text>
    </div>
  );
}
