/**
 * The events that the collector has not confirmed yet. They outlive the page.
 *
 * Each event is one localStorage entry, so that tabs add and remove events without rewriting each other's.
 * Where storage is full or switched off, events are kept in memory for as long as the page lives.
 */

const EVENT = "tributary.event.";
const PAUSED_UNTIL = "tributary.paused-until";
const MOST_EVENTS = 500;
const OLDEST_MS = 7 * 24 * 3600 * 1000;
const LONGEST_PAUSE_MS = 5 * 60 * 1000;

/** @typedef {{ key: string, messageId: string, json: string }} Entry */

export class Outbox {
  /** @type {Map<string, string>} */
  #memory = new Map();
  #sequence = 0;

  /**
   * @param {{ messageId: string }} event
   * @returns {string} the key of its entry; keys sort by age
   */
  add(event) {
    const time = String(Date.now()).padStart(15, "0");
    const key = `${EVENT}${time}.${String(this.#sequence++).padStart(6, "0")}.${event.messageId}`;
    this.#write(key, JSON.stringify(event));
    this.#drop(this.#keys().slice(0, -MOST_EVENTS), `more than ${MOST_EVENTS} events wait to be sent`);
    return key;
  }

  /** @param {string} key */
  remove(key) {
    this.#memory.delete(key);
    storage()?.removeItem(key);
  }

  /**
   * The oldest events, at most `count` of them and `bytes` long together, but at least one where there is any.
   * @param {number} count
   * @param {number} bytes
   * @param {(key: string) => boolean} wanted
   * @returns {Entry[]}
   */
  oldest(count, bytes, wanted) {
    this.#drop(this.olderThan(OLDEST_MS), "they waited for more than seven days");
    const entries = [];
    for (const key of this.#keys().filter(wanted).slice(0, count)) {
      const json = this.#read(key);
      if (json === null) continue; // another tab has just sent it
      bytes -= byteLength(json) + 1;
      if (bytes < 0 && entries.length) break;
      entries.push({ key, messageId: key.slice(EVENT.length + 23), json });
    }
    return entries;
  }

  /** @param {number} ms @returns {string[]} the keys of the events that have waited for longer */
  olderThan(ms) {
    return this.#keys().filter((key) => Number(key.slice(EVENT.length, EVENT.length + 15)) < Date.now() - ms);
  }

  /** The collector asked for a pause: it holds for every tab and for the pages to come. */
  get pausedUntil() {
    const until = Number(this.#read(PAUSED_UNTIL));
    return until > Date.now() + LONGEST_PAUSE_MS ? 0 : until; // the clock was set back since
  }

  /** @param {number} ms */
  pause(ms) {
    this.#write(PAUSED_UNTIL, String(Date.now() + Math.min(ms, LONGEST_PAUSE_MS)));
  }

  #keys() {
    const stored = Object.keys(storage() ?? {}).filter((key) => key.startsWith(EVENT));
    const kept = [...this.#memory.keys()].filter((key) => key.startsWith(EVENT));
    return [...stored, ...kept].sort();
  }

  /** @param {string} key */
  #read(key) {
    return this.#memory.get(key) ?? storage()?.getItem(key) ?? null;
  }

  /** @param {string} key @param {string} text */
  #write(key, text) {
    const disk = storage();
    if (!disk) return void this.#memory.set(key, text);
    try {
      disk.setItem(key, text);
    } catch (error) {
      console.warn(`tributary: localStorage took no more, so an event lives only as long as this page: ${error}`);
      this.#memory.set(key, text);
    }
  }

  /** @param {string[]} keys @param {string} why */
  #drop(keys, why) {
    if (keys.length) console.warn(`tributary: dropped the ${keys.length} oldest events, because ${why}.`);
    for (const key of keys) this.remove(key);
  }
}

/** @param {string} text */
export function byteLength(text) {
  return new TextEncoder().encode(text).length;
}

/** @returns {Storage | null} null where the visitor has switched storage off: even looking at it throws there */
function storage() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}
