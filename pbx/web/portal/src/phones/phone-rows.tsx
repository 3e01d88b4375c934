// Every extension, with the phones that are registered to it.
import { Code } from "@mantine/core";
import type { Contact, Registration } from "../api/records";
import { useNow } from "../live/live";
import { Empty } from "../shell/card";
import { PhoneIcon } from "../shell/icons";
import rows from "../shell/rows.module.css";
import { about } from "../words/duration";
import { exactMoment, moment, timeOfDay } from "../words/moment";
import { phoneName } from "../words/phone";
import classes from "./phones.module.css";

export function PhoneRows({ registrations }: { registrations: readonly Registration[] }) {
  const now = useNow();
  if (registrations.length === 0) {
    return (
      <Empty icon={<PhoneIcon size={24} />} title="No extension yet">
        Extensions are written in the tenant’s file; <Code>pbx check</Code> reads it over.
      </Empty>
    );
  }
  return (
    <div className={rows.scroll}>
      <table className={rows.table}>
        <caption className="unseen">Extensions and the phones registered to them</caption>
        <thead>
          <tr>
            <th scope="col">Extension</th>
            <th scope="col">Phone</th>
            <th scope="col" className={rows.wide}>
              From
            </th>
            <th scope="col" className={rows.wide}>
              Since
            </th>
            <th scope="col" className={rows.number}>
              Until
            </th>
          </tr>
        </thead>
        <tbody>
          {registrations.flatMap((registration) =>
            registration.contacts.length === 0
              ? [<NoPhone key={registration.extension} registration={registration} />]
              : registration.contacts.map((contact, index) => (
                  <PhoneRow
                    key={`${registration.extension} ${contact.contact}`}
                    registration={registration}
                    contact={contact}
                    isFirst={index === 0}
                    now={now}
                  />
                )),
          )}
        </tbody>
      </table>
    </div>
  );
}

function Extension({ registration, isRegistered }: { registration: Registration; isRegistered: boolean }) {
  return (
    <span className={classes.extension}>
      <span className={classes.dot} data-registered={isRegistered || undefined} />
      <span>
        <b>{registration.extension}</b>
        {registration.name !== "" && <span className={classes.name}>{registration.name}</span>}
      </span>
    </span>
  );
}

function NoPhone({ registration }: { registration: Registration }) {
  return (
    <tr className={`${rows.row} ${rows.gone} ${classes.phone}`}>
      <td className={classes.whose}>
        <Extension registration={registration} isRegistered={false} />
      </td>
      <td colSpan={4} className={classes.until}>
        Not registered
      </td>
    </tr>
  );
}

interface PhoneRowProps {
  registration: Registration;
  contact: Contact;
  isFirst: boolean; // of its extension; the others leave its name out
  now: number;
}

function PhoneRow({ registration, contact, isFirst, now }: PhoneRowProps) {
  return (
    <tr className={`${rows.row} ${classes.phone}`}>
      <td className={classes.whose}>{isFirst && <Extension registration={registration} isRegistered />}</td>
      <td className={classes.device} title={contact.user_agent}>
        {phoneName(contact.user_agent)}
      </td>
      <td className={rows.wide} title={contact.contact}>
        {contact.source}
      </td>
      <td className={`${rows.wide} ${rows.nowrap}`} title={exactMoment(contact.registered_at)}>
        {moment(contact.registered_at, now)}
      </td>
      <td className={`${rows.number} ${classes.until}`} title={exactMoment(contact.expires_at)}>
        {timeOfDay(contact.expires_at)} <span className={rows.quiet}>(in {about(contact.expires_at - now)})</span>
      </td>
    </tr>
  );
}
