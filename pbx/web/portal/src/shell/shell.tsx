// What stands around every page of someone who is signed in.
import { Badge } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { voicemailQuery } from "../api/queries";
import { Live } from "../live/live";
import { Banner } from "./banner";
import { Brand } from "./brand";
import { ColorSchemeMenu } from "./color-scheme-menu";
import { CallsIcon, OverviewIcon, PhoneIcon, VoicemailIcon } from "./icons";
import { PersonMenu } from "./person-menu";
import classes from "./shell.module.css";

export function Shell() {
  return (
    <Live>
      <a className={classes.skip} href="#page">
        Skip to the page
      </a>
      <div className={classes.frame}>
        <header className={classes.head}>
          <div className={classes.headBrand}>
            <Brand />
          </div>
          <ColorSchemeMenu />
          <PersonMenu />
        </header>
        <nav className={classes.side} aria-label="Pages">
          <div className={classes.brand}>
            <Brand />
          </div>
          <div className={classes.links}>
            <PageLink to="/" icon={<OverviewIcon />} words="Overview" />
            <PageLink to="/calls" icon={<CallsIcon />} words="Calls" />
            <PageLink to="/voicemail" icon={<VoicemailIcon />} words="Voicemail" count={<NewMessages />} />
            <PageLink to="/phones" icon={<PhoneIcon />} words="Phones" />
          </div>
        </nav>
        <main className={classes.page} id="page" tabIndex={-1}>
          <Banner />
          <Outlet />
        </main>
      </div>
    </Live>
  );
}

interface PageLinkProps {
  to: "/" | "/calls" | "/voicemail" | "/phones";
  icon: ReactNode;
  words: string;
  count?: ReactNode;
}

function PageLink({ to, icon, words, count }: PageLinkProps) {
  return (
    <Link
      to={to}
      className={classes.link}
      activeOptions={{ exact: to === "/" }}
      activeProps={{ "aria-current": "page" }}
    >
      {icon}
      {words}
      {count}
    </Link>
  );
}

function NewMessages() {
  const { data = [] } = useQuery(voicemailQuery);
  const count = data.filter((message) => !message.heard).length;
  if (count === 0) return null;
  return (
    <Badge className={classes.count} size="sm" circle={count < 10} aria-label={`${count} new`}>
      {count}
    </Badge>
  );
}
