/**
 * Carries events from the outbox to the collector: at least once, oldest first, one batch at a time.
 *
 * An event leaves the outbox only when the collector has answered for it:
 *   200             removed; one that the answer calls rejected is named on the console, for resending cannot mend it
 *   400, 413        each event is sent again alone, so that only the unreadable one is lost, and named on the console
 *   401, 403        kept, and nothing more is sent from this page: the key is wrong, the next page may bear a new one
 *   anything else   kept, and sent again after Retry-After or a growing, jittered delay
 * A beacon and a page that closes in mid-send get no answer, so the next page sends those events again; the collector
 * knows them by their messageId. A page sends its own events, and those that have been left lying by another.
 */

import { Outbox, byteLength } from "./outbox.js";

const BATCH_EVENTS = 100;
const BATCH_BYTES = 48 * 1024; // browsers allow 64 KB of keepalive requests and beacons in flight
const EVENT_BYTES = 32 * 1024; // the collector's limit
const ANSWER_MS = 15_000;
const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 60_000;
const LEFT_LYING_MS = 1_000; // younger events are most likely in flight, from another tab

/** @typedef {import("./outbox.js").Entry} Entry */

export class Sender {
  #outbox = new Outbox();
  /** Keys of the events that are this page's to send. @type {Set<string>} */
  #mine = new Set();
  /** Those of them that no request has carried yet. @type {Set<string>} */
  #unsent = new Set();
  /** @type {Promise<void> | null} */
  #running = null;
  #wanted = false;
  #refused = false;
  #failures = 0;
  #notBefore = 0;
  #alone = 0; // so many events still go each by itself, after a batch that the collector could not read
  /** @type {number | undefined} */
  #timer;

  /** @param {string} endpoint @param {string} writeKey */
  constructor(endpoint, writeKey) {
    this.endpoint = endpoint;
    this.writeKey = writeKey;
    addEventListener("online", () => this.#retryNow());
    void this.#adopt();
    setTimeout(() => this.#adopt(), 2 * LEFT_LYING_MS);
    addEventListener("pagehide", () => this.beacon());
    document.addEventListener("visibilitychange", () => document.hidden && this.beacon());
  }

  /** @param {{ messageId: string, type: string, event?: string, name?: string, properties: object }} event */
  send(event) {
    if (byteLength(JSON.stringify(event)) > EVENT_BYTES) {
      console.warn(`tributary: "${event.event ?? event.type}" was not sent: it is larger than ${EVENT_BYTES} bytes.`);
      return;
    }
    const key = this.#outbox.add(event);
    this.#mine.add(key);
    this.#unsent.add(key);
    queueMicrotask(() => this.#wake()); // what a script records in one go travels in one batch
  }

  /** The last chance of a page that may be closing: hand what was never sent to the browser. */
  beacon() {
    if (this.#refused || this.#wait() > 0) return;
    while (this.#unsent.size) {
      const batch = this.#outbox.oldest(BATCH_EVENTS, BATCH_BYTES, (key) => this.#unsent.has(key));
      if (!batch.length) return;
      const body = new Blob([this.#body(batch)], { type: "text/plain" });
      if (!navigator.sendBeacon(this.endpoint, body)) return;
      for (const { key } of batch) this.#unsent.delete(key);
    }
  }

  /** Send what waits, now or as soon as the collector may be asked again. */
  #wake() {
    this.#wanted = true;
    return (this.#running ??= this.#run());
  }

  async #run() {
    while (this.#wanted) {
      this.#wanted = false;
      await this.#deliver();
    }
    this.#running = null;
  }

  async #deliver() {
    while (!this.#refused) {
      const count = this.#alone > 0 ? 1 : BATCH_EVENTS;
      const batch = this.#outbox.oldest(count, BATCH_BYTES, (key) => this.#mine.has(key));
      if (!batch.length) return;
      const wait = this.#wait();
      if (wait > 0) return this.#wakeIn(wait);
      this.#alone = Math.max(0, this.#alone - 1);
      for (const { key } of batch) this.#unsent.delete(key);
      await this.#post(batch);
    }
  }

  /** Take over what other pages have left lying; one tab at a time, so that two do not take the same. */
  async #adopt() {
    const adopt = () => {
      for (const key of this.#outbox.olderThan(LEFT_LYING_MS)) this.#mine.add(key);
      return this.#wake();
    };
    if (!navigator.locks) return adopt();
    await navigator.locks.request("tributary.adopt", { ifAvailable: true }, async (lock) => lock && adopt());
  }

  /** @param {Entry[]} batch */
  async #post(batch) {
    try {
      const response = await fetch(this.endpoint, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: this.#body(batch),
        keepalive: true,
        credentials: "include",
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      if (response.ok) this.#settle(batch, await response.json());
      else if (response.status === 400 || response.status === 413) this.#isolate(batch, response.status);
      else if (response.status === 401 || response.status === 403) this.#refuse(response.status);
      else this.#postpone(`HTTP ${response.status}`, retryAfterMs(response));
    } catch (error) {
      this.#postpone(String(error), 0);
    }
  }

  /**
   * @param {Entry[]} batch
   * @param {{ results?: { messageId: string, status: string, field?: string, reason?: string }[] }} answer
   */
  #settle(batch, answer) {
    this.#failures = 0;
    for (const { messageId, status, field, reason } of answer.results ?? []) {
      if (status === "rejected") console.warn(`tributary: event ${messageId} was rejected: ${field}: ${reason}`);
    }
    for (const { key } of batch) this.#done(key);
  }

  /** @param {Entry[]} batch @param {number} status */
  #isolate(batch, status) {
    if (batch.length > 1) {
      this.#alone = batch.length;
      return;
    }
    console.warn(`tributary: event ${batch[0].messageId} was dropped: the collector cannot read it (HTTP ${status}).`);
    this.#done(batch[0].key);
  }

  /** @param {string} key */
  #done(key) {
    this.#mine.delete(key);
    this.#outbox.remove(key);
  }

  /** @param {number} status */
  #refuse(status) {
    this.#refused = true;
    console.warn(`tributary: the collector refuses the write key "${this.writeKey}" (HTTP ${status}): events are kept.`);
  }

  /** @param {string} why @param {number} pauseMs */
  #postpone(why, pauseMs) {
    const longest = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#failures++);
    const delay = longest * (0.5 + Math.random() / 2);
    this.#notBefore = Date.now() + delay;
    if (pauseMs > 0) this.#outbox.pause(pauseMs);
    console.info(`tributary: events are kept and sent again in ${Math.ceil(this.#wait() / 1000)} s: ${why}`);
  }

  #retryNow() {
    this.#notBefore = 0;
    void this.#adopt();
    void this.#wake();
  }

  #wait() {
    return Math.max(this.#notBefore, this.#outbox.pausedUntil) - Date.now();
  }

  /** @param {number} ms */
  #wakeIn(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#wake(), ms);
  }

  /** @param {Entry[]} batch */
  #body(batch) {
    const head = JSON.stringify({ writeKey: this.writeKey, sentAt: new Date().toISOString() });
    return `${head.slice(0, -1)},"batch":[${batch.map(({ json }) => json).join(",")}]}`;
  }
}

/** @param {Response} response */
function retryAfterMs(response) {
  const header = response.headers.get("Retry-After") ?? "";
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return ms > 0 ? ms : 0;
}
