// One number that says how things stand.
import { Skeleton } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import classes from "./overview.module.css";

interface FigureProps {
  words: string;
  value: number | undefined; // not known yet
  of?: number | undefined;
  isLively?: boolean;
  to?: "/phones" | "/voicemail";
}

export function Figure({ words, value, of, isLively = false, to }: FigureProps) {
  const inside = (
    <>
      <span className={classes.figureWords}>{words}</span>
      {value === undefined ? (
        <Skeleton height={32} width={48} />
      ) : (
        <span className={classes.figureValue} data-lively={isLively || undefined}>
          {value}
          {of !== undefined && <span className={classes.figureOf}> of {of}</span>}
        </span>
      )}
    </>
  );
  if (to === undefined) return <div className={classes.figure}>{inside}</div>;
  return (
    <Link to={to} className={classes.figure}>
      {inside}
    </Link>
  );
}
