// Says that what the page shows is not live, and why.
import { Alert } from "@mantine/core";
import { troubleOf } from "../live/connection";
import { useConnection } from "../live/live";
import { WarningIcon } from "./icons";

export function Banner() {
  const trouble = troubleOf(useConnection());
  return (
    <div role="status">
      {trouble !== null && (
        <Alert color="yellow" variant="light" icon={<WarningIcon />} title={trouble.title} mb="lg">
          {trouble.advice}
        </Alert>
      )}
    </div>
  );
}
