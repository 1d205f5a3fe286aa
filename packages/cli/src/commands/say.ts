import { PlayAcceptedSchema } from "@server-playback/protocol";
import { askCloud } from "../cloud-api.js";
import {
  type Command,
  exitCodes,
  isOn,
  numberOption,
  onlyArgument,
  requiredOption,
  textOption,
} from "../command.js";
import { cloudOptions } from "../settings.js";
import { awaitJob } from "./jobs.js";

/** Speaks a text in a user's room, by the cloud. */
export const say: Command = {
  name: "say",
  usage: "TEXT --user USER",
  summary: "speak a text in a user's room",
  options: {
    user: { value: "USER", help: "the user, whose session the cloud has" },
    voice: { value: "NAME", help: "a voice of the cloud's" },
    volume: { value: "V", help: "linear, 0 to 1 (1)" },
    wait: { help: "until it was heard" },
    ...cloudOptions,
  },
  run: async (context) => {
    const text = onlyArgument(context, "text");
    const user = requiredOption(context, "user");
    const voice = textOption(context, "voice");
    const volume = numberOption(context, "volume", 0, 1);
    const { requestId } = await askCloud(
      context,
      PlayAcceptedSchema,
      `/api/sessions/${encodeURIComponent(user)}/play`,
      {
        text,
        ...(voice === undefined ? {} : { voice }),
        ...(volume === undefined ? {} : { volume }),
      },
    );
    if (isOn(context, "wait")) {
      return await awaitJob(context, requestId);
    }
    context.print(requestId, { requestId });
    return exitCodes.done;
  },
};
