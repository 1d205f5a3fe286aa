import { createHash, randomBytes } from "node:crypto";
import type { LiveKitAccess } from "@server-playback/protocol";
import { AccessToken, RoomServiceClient, type VideoGrant } from "livekit-server-sdk";

/**
 * How long a token may wait to be used, in seconds. Tokens are made for a join that follows at once;
 * the LiveKit server renews those of participants that have joined.
 */
const TOKEN_TTL_S = 120;

/** The glasses' identity in their room. */
const GLASSES_IDENTITY = "glasses";
/** Bound of a question to the server, in seconds. */
const REQUEST_TIMEOUT_S = 2;

/** The participant attribute that tells bridges in the room whose owner is newer; read by the bridge. */
const FENCE_ATTRIBUTE = "server-playback.fence";

export interface LiveKitSettings {
  /** Where this server finds it, as a ws(s) URL (`publicUrl`). */
  url?: string;
  /** Where glasses find the server. */
  publicUrl: string;
  apiKey: string;
  apiSecret: string;
}

/** Names users' rooms and makes tokens for them. A room comes into being with its first participant. */
export class LiveKitManager {
  readonly #settings: LiveKitSettings;
  readonly #rooms: RoomServiceClient;

  constructor(settings: LiveKitSettings) {
    this.#settings = settings;
    const { url = settings.publicUrl, apiKey, apiSecret } = settings;
    const options = { requestTimeout: REQUEST_TIMEOUT_S };
    this.#rooms = new RoomServiceClient(url.replace(/^ws/, "http"), apiKey, apiSecret, options);
  }

  /** The user's room: always the same one, without the user's name in it. */
  roomName(userId: string): string {
    return `user_${createHash("sha256").update(userId).digest("base64url").slice(0, 22)}`;
  }

  /** An identity for one connection to a bridge, so that no two ever evict each other. */
  newBridgeIdentity(): string {
    return `server-playback-${randomBytes(9).toString("base64url")}`;
  }

  /** A fresh token that may publish in this room and nothing else; `fence` is the room's owner's. */
  bridgeToken(roomName: string, identity: string, fence?: number): Promise<string> {
    const attributes = fence === undefined ? {} : { [FENCE_ATTRIBUTE]: String(fence) };
    return this.#token(identity, { room: roomName, canPublish: true, canSubscribe: false }, attributes);
  }

  /** Where the user's room is, with a fresh token that may listen there and nothing else. */
  glassesAccess(userId: string): Promise<LiveKitAccess> {
    return this.#listening(userId, GLASSES_IDENTITY);
  }

  /** The same for somebody else who listens, as one of several. */
  listenerAccess(userId: string): Promise<LiveKitAccess> {
    return this.#listening(userId, `listener-${randomBytes(9).toString("base64url")}`);
  }

  async #listening(userId: string, identity: string): Promise<LiveKitAccess> {
    const roomName = this.roomName(userId);
    const token = await this.#token(identity, { room: roomName, canPublish: false, canSubscribe: true });
    return { url: this.#settings.publicUrl, roomName, token };
  }

  /** Whether the user's glasses are in their room now. @throws {Error} the server does not say */
  async areGlassesInRoom(userId: string): Promise<boolean> {
    const participants = await this.#rooms.listParticipants(this.roomName(userId));
    return participants.some(({ identity }) => identity === GLASSES_IDENTITY);
  }

  /** Takes a bridge that was lost out of the user's room, if it is still shown there. Never fails. */
  async evict(userId: string, identity: string): Promise<void> {
    await this.#rooms.removeParticipant(this.roomName(userId), identity).catch(() => {});
  }

  #token(identity: string, grant: VideoGrant, attributes: Record<string, string> = {}): Promise<string> {
    const { apiKey, apiSecret } = this.#settings;
    const token = new AccessToken(apiKey, apiSecret, { identity, ttl: TOKEN_TTL_S, attributes });
    token.addGrant({ ...grant, roomJoin: true, canPublishData: false, canUpdateOwnMetadata: false });
    return token.toJwt();
  }
}
