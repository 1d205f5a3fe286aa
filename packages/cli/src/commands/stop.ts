import { ControlTakenSchema, StoppedSchema } from "@server-playback/protocol";
import { askCloud } from "../cloud-api.js";
import { type Command, exitCodes, textOption, UsageError } from "../command.js";
import { cloudOptions } from "../settings.js";

/** Stops what plays. */
export const stop: Command = {
  name: "stop",
  usage: "--user USER | --job ID",
  summary: "stop what plays in a user's room, or one play",
  options: {
    user: { value: "USER", help: "everything that plays for this user" },
    job: { value: "ID", help: "the play of this requestId" },
    ...cloudOptions,
  },
  run: async (context) => {
    const user = textOption(context, "user");
    const job = textOption(context, "job");
    if ((user === undefined) === (job === undefined)) {
      throw new UsageError("Give either --user or --job.");
    }
    if (job !== undefined) {
      const path = `/api/jobs/${encodeURIComponent(job)}/control`;
      const taken = await askCloud(context, ControlTakenSchema, path, { action: "stop" });
      context.print(`stopped ${taken.requestId}`, taken);
      return exitCodes.done;
    }
    const path = `/api/sessions/${encodeURIComponent(user ?? "")}/stop`;
    const stopped = await askCloud(context, StoppedSchema, path, {});
    context.print(`stopped ${stopped.stopped}`, stopped);
    return exitCodes.done;
  },
};
