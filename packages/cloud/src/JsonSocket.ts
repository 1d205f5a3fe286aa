import { maxMessageBytes, parseMessage, type WebsocketError } from "@server-playback/protocol";
import type { RawData, WebSocket } from "ws";
import type { z } from "zod";
import { type CloseCode, closeCodes } from "./close-codes.js";
import type { Logger } from "./logger.js";
import type { Metrics, Wire } from "./metrics.js";
import { TokenBucket } from "./token-bucket.js";

/** A socket on which nothing came for two of these, not even the answer to a ping, is dead. */
const HEARTBEAT_MS = 15_000;
/** Bytes that may wait to be read by the other side, unless set. */
const MAX_UNSENT_BYTES = 1024 * 1024;

/** Text messages a second, and at once after a pause, that one socket may send. */
const MESSAGE_RATE = { perSecond: 50, burst: 100 };
/** Messages over that rate, less those within it, after which the socket is closed. */
const MAX_EXCESS = 500;

/** What a session needs of a socket. */
export interface MessageSocket<Out> {
  readonly isOpen: boolean;
  send(message: Out): void;
  close(code: CloseCode): void;
}

export interface JsonSocketOptions<In> {
  wire: Wire;
  schema: z.ZodType<In>;
  /** Types of messages that are real and meant for others: counted, not answered. */
  typesOfOthers: readonly string[];
  /** Whether binary frames belong to this wire; they are for others, too. */
  ignoreBinary: boolean;
  metrics: Metrics;
  log: Logger;
  onMessage(message: In): void;
  /** Bytes that may wait to be read by the other side before it is cut off. */
  maxUnsentBytes?: number;
  onTooSlow?(): void;
  /** Called for each message that was answered with an error. */
  onBadMessage?(): void;
  /** Called once. */
  onClose(): void;
}

/** A WebSocket that speaks one wire's messages, and answers by itself what is none of them. */
export class JsonSocket<In, Out> implements MessageSocket<Out> {
  readonly #ws: WebSocket;
  readonly #options: JsonSocketOptions<In>;
  readonly #heartbeat: NodeJS.Timeout;
  readonly #rate = new TokenBucket(MESSAGE_RATE.perSecond, MESSAGE_RATE.burst);
  #heard = true;
  #excess = 0;

  constructor(ws: WebSocket, options: JsonSocketOptions<In>) {
    this.#ws = ws;
    this.#options = options;
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS);
    ws.on("message", (data, isBinary) => this.#receive(data, isBinary));
    ws.on("pong", () => {
      this.#heard = true;
    });
    ws.on("error", (error) => options.log.info({ wire: options.wire, error: error.message }, "socket error"));
    ws.once("close", () => {
      clearInterval(this.#heartbeat);
      options.onClose();
    });
  }

  get isOpen(): boolean {
    return this.#ws.readyState === this.#ws.OPEN;
  }

  send(message: Out | WebsocketError): void {
    if (!this.isOpen) {
      return;
    }
    if (this.#ws.bufferedAmount > (this.#options.maxUnsentBytes ?? MAX_UNSENT_BYTES)) {
      this.#options.onTooSlow?.();
      this.close(closeCodes.tooSlow);
      return;
    }
    this.#ws.send(JSON.stringify(message));
  }

  close({ code, reason }: CloseCode): void {
    this.#ws.close(code, reason);
  }

  /** Answers a message that was not taken; the connection goes on. */
  refuse(code: WebsocketError["code"], message: string, field?: string): void {
    this.#options.metrics.badMessages.inc({ wire: this.#options.wire, code });
    this.#options.log.info({ wire: this.#options.wire, code, field }, "bad message");
    this.send({
      type: "websocket_error",
      code,
      message,
      ...(field === undefined ? {} : { field }),
      timestamp: new Date().toISOString(),
    });
    this.#options.onBadMessage?.();
  }

  #receive(data: RawData, isBinary: boolean): void {
    this.#heard = true;
    const bytes = data as Buffer; // ws delivers a Buffer unless told otherwise
    if (isBinary && this.#options.ignoreBinary) {
      this.#ignore();
    } else if (!this.#rate.take()) {
      this.#tooFast();
    } else if (isBinary) {
      this.refuse("invalid_message", "Binary frames are not part of this wire.");
    } else if (bytes.length > maxMessageBytes) {
      this.refuse("too_large", `The message is larger than ${maxMessageBytes} bytes.`);
    } else {
      this.#parse(bytes.toString());
    }
  }

  #tooFast(): void {
    this.#excess++;
    if (this.#excess > MAX_EXCESS) {
      this.close(closeCodes.flooding);
    } else {
      this.refuse("rate_limited", `More than ${MESSAGE_RATE.perSecond} messages a second.`);
    }
  }

  #parse(text: string): void {
    this.#excess = Math.max(0, this.#excess - 1);
    const parsed = parseMessage(this.#options.schema, "type", text);
    if (parsed.ok) {
      this.#handle(parsed.message);
    } else if (parsed.code === "unknown_type" && this.#options.typesOfOthers.includes(parsed.name)) {
      this.#ignore();
    } else {
      this.refuse(parsed.code, parsed.error, parsed.field);
    }
  }

  /** A message that this server fails on must not take the other users' sessions with it. */
  #handle(message: In): void {
    try {
      this.#options.onMessage(message);
    } catch (error) {
      this.#options.log.error({ wire: this.#options.wire, error: String(error) }, "a message failed");
    }
  }

  #ignore(): void {
    this.#options.metrics.ignoredMessages.inc({ wire: this.#options.wire });
  }

  #beat(): void {
    if (!this.#heard) {
      this.#ws.terminate();
      return;
    }
    this.#heard = false;
    this.#ws.ping();
  }
}
