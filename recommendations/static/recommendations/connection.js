/**
 * The page's one connection to its visitor's list, shared by every strip in the page.
 *
 * A socket brings each list as it changes. Where the socket does not open, the list is asked for every few seconds
 * and the socket is tried again now and then. Nothing is asked for while the page is hidden.
 *
 * state: "connecting"  before the first contact, and for a short while after one was lost
 *        "live"        the socket is open and has brought a list
 *        "polling"     no socket, but the list is asked for and comes
 *        "stale"       neither has worked for half a minute
 */

const SOCKET = "/ws/recommendations/";
const API = "/api/recommendations/visitor/";
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 4_000; // a server that is back is noticed within 5 s, and asked no oftener than by polling
const FAILURES_BEFORE_POLLING = 2;
const POLL_MS = 5_000;
const ANSWER_MS = 5_000;
const STALE_MS = 30_000;
const SILENCE_MS = 45_000;
const HIDDEN_MS = 10_000;

/**
 * @typedef {object} Trace
 * @property {string} eventId
 * @property {string} topic
 * @property {number} partition
 * @property {number} offset
 * @property {number | null} batchId null until Spark's batch has landed
 * @property {string} occurredAt
 * @property {string} receivedAt
 * @property {string | null} computedAt
 * @property {string | null} pushedAt
 *
 * @typedef {{ kind: string, productId: string | null, title: string | null, category?: string | null }} Reason
 *
 * @typedef {object} Item
 * @property {string} productId
 * @property {string} title
 * @property {string} url
 * @property {string} image
 * @property {number} price
 * @property {string} currency
 * @property {Reason} reason
 * @property {Trace | null} trace
 *
 * @typedef {{ type: string, visitorId: string, version: number, asOf: string, items: Item[] }} List
 *
 * @typedef {{ limit: number, show: (list: List) => void, refresh: () => void }} Strip
 */

class Connection {
  /** @type {"connecting" | "live" | "polling" | "stale"} */
  state = "connecting";
  /** @type {Set<Strip>} */
  #strips = new Set();
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {Map<string, number>} */
  #timers = new Map();
  #version = 0;
  /** @type {string | undefined} whose list is shown; unknown until the first one comes */
  #visitorId = undefined;
  #failures = 0;
  #opened = false;
  #contactAt = Date.now();
  #paused = true;

  constructor() {
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#after("hidden", HIDDEN_MS, () => this.#pause());
      else this.#resume();
    });
    addEventListener("pagehide", () => this.#pause()); // an open socket keeps a page out of the back-forward cache
    addEventListener("pageshow", (shown) => shown.persisted && this.#resume());
    addEventListener("online", () => this.#resume());
    addEventListener("offline", () => this.#lose());
  }

  /** @param {Strip} strip @param {number | null} version of the list that the server rendered, null without one */
  join(strip, version) {
    this.#strips.add(strip);
    this.#version = Math.max(this.#version, version ?? 0);
    if (!document.hidden) this.#resume();
    if (version === null) void this.#ask();
  }

  /** @param {Strip} strip */
  leave(strip) {
    this.#strips.delete(strip);
    if (!this.#strips.size) this.#pause();
  }

  #resume() {
    this.#stop("hidden");
    if (!this.#strips.size || this.#socket) return;
    this.#failures = 0;
    this.#open();
    if (!this.#paused) return;
    this.#paused = false;
    this.#contactAt = Date.now();
    this.#enter("connecting");
    this.#watch();
  }

  #pause() {
    this.#paused = true;
    for (const name of [...this.#timers.keys()]) this.#stop(name);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #open() {
    this.#stop("open");
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${SOCKET}`);
    this.#socket = socket;
    this.#after("answer", ANSWER_MS, () => this.#lose());
    socket.addEventListener("open", () => {
      if (this.#opened) socket.send(JSON.stringify({ type: "resume", version: this.#version }));
      this.#opened = true;
    });
    socket.addEventListener("message", ({ data }) => this.#socket === socket && this.#hear(data));
    socket.addEventListener("close", () => this.#socket === socket && this.#lose());
  }

  /** The socket does not work: do not wait for its close, which a dead network can hold up for minutes. */
  #lose() {
    if (this.#paused) return;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#stop("answer");
    this.#stop("silence");
    if (this.#state("live")) this.#enter("connecting");
    const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** ++this.#failures);
    this.#after("open", FIRST_RETRY_MS + Math.random() * (longest - FIRST_RETRY_MS), () => this.#open());
    if (this.#failures >= FAILURES_BEFORE_POLLING && !this.#timers.has("poll")) void this.#poll();
  }

  /** @param {string} data */
  #hear(data) {
    this.#stop("answer");
    this.#stop("poll");
    this.#failures = 0;
    this.#after("silence", SILENCE_MS, () => this.#check());
    this.#enter("live");
    this.#accept(JSON.parse(data));
  }

  async #poll() {
    this.#after("poll", POLL_MS * (0.8 + 0.4 * Math.random()), () => this.#poll());
    if ((await this.#ask()) && !this.#paused && !this.#state("live")) this.#enter("polling");
  }

  /** A socket can die without a word: one that was silent for long is held against the API. */
  async #check() {
    this.#after("silence", SILENCE_MS, () => this.#check());
    const version = this.#version;
    const list = await this.#ask();
    if (!list || list.version > version) this.#lose();
  }

  /** @returns {Promise<List | null>} null where the API cannot be reached */
  async #ask() {
    const limit = Math.max(...[...this.#strips].map((strip) => strip.limit));
    try {
      const response = await fetch(`${API}?limit=${limit}`, { signal: AbortSignal.timeout(ANSWER_MS) });
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      const list = await response.json();
      this.#accept(list);
      return list;
    } catch (error) {
      console.info(`recommendations: the list cannot be had from ${API}: ${error}`);
      return null;
    }
  }

  /** @param {List} list */
  #accept(list) {
    this.#contactAt = Date.now();
    if (list.type !== "recommendations") return;
    // Versions count for one visitor: who logged out in another tab is a new one, and begins anew.
    const same = (this.#visitorId ?? list.visitorId) === list.visitorId;
    if (same && list.version < this.#version) return;
    this.#visitorId = list.visitorId;
    this.#version = list.version;
    for (const strip of this.#strips) strip.show(list);
  }

  #watch() {
    this.#after("watch", POLL_MS, () => this.#watch());
    if (!this.#state("live") && Date.now() - this.#contactAt > STALE_MS) this.#enter("stale");
    for (const strip of this.#strips) strip.refresh(); // the age that a strip shows moves on
  }

  /** @param {Connection["state"]} state */
  #state(state) {
    return this.state === state;
  }

  /** @param {Connection["state"]} state */
  #enter(state) {
    if (this.#state(state)) return;
    if (this.#state("live")) this.#contactAt = Date.now();
    this.state = state;
    for (const strip of this.#strips) strip.refresh();
  }

  /** @param {string} name @param {number} ms @param {() => void} action */
  #after(name, ms, action) {
    this.#stop(name);
    const timer = setTimeout(() => {
      this.#timers.delete(name);
      action();
    }, ms);
    this.#timers.set(name, timer);
  }

  /** @param {string} name */
  #stop(name) {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }
}

export const connection = new Connection();
