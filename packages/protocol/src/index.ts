export * from "./app-messages.js";
export * from "./bridge-commands.js";
export * from "./bridge-events.js";
export * from "./errors.js";
export * from "./fields.js";
export * from "./glasses-messages.js";
export * from "./parse.js";
export * from "./webhooks.js";
