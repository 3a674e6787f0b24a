/** Tells screen readers what changed, politely, and seldom enough to be bearable. */

const PAUSE_MS = 5_000;

export class Announcer {
  element = document.createElement("p");
  #text = "";
  #timer = 0;
  #quietUntil = 0;

  constructor() {
    this.element.className = "rl-announcer";
    this.element.setAttribute("aria-live", "polite");
  }

  /** @param {string} text replaces what still waits to be said */
  say(text) {
    this.#text = text;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#speak(), Math.max(0, this.#quietUntil - Date.now()));
  }

  #speak() {
    this.#quietUntil = Date.now() + PAUSE_MS;
    this.element.textContent = this.#text;
  }
}

/** @param {import("./connection.js").Item[]} arrived @param {(reason: import("./connection.js").Reason) => string} reasonText */
export function arrivalText(arrived, reasonText) {
  const count = arrived.length === 1 ? "1 new suggestion" : `${arrived.length} new suggestions`;
  const reasons = new Set(arrived.map(({ reason }) => reasonText(reason)));
  const [reason] = reasons;
  if (reasons.size > 1 || !reason.startsWith("Because")) return `${count}.`;
  return `${count}, ${reason[0].toLowerCase()}${reason.slice(1)}.`;
}
