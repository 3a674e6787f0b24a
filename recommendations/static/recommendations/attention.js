/** Whether the visitor is about to use a part of the page: then nothing in it must move from under them. */

const IDLE_MS = 5_000; // a mouse that rests longer than this is not about to click

export class Attention {
  #over = false;
  #movedAt = 0;
  #timer = 0;

  /**
   * @param {HTMLElement} strip where the keyboard's focus holds
   * @param {HTMLElement} items where the pointer holds
   * @param {() => void} released called whenever the attention may have ended
   */
  constructor(strip, items, released) {
    this.strip = strip;
    items.addEventListener("pointermove", ({ pointerType }) => {
      if (pointerType !== "mouse") return; // a finger that has left the screen points at nothing
      this.#over = true;
      this.#movedAt = Date.now();
      clearTimeout(this.#timer);
      this.#timer = setTimeout(released, IDLE_MS);
    });
    items.addEventListener("pointerleave", () => {
      this.#over = false;
      released();
    });
    strip.addEventListener("focusout", () => setTimeout(released)); // the focus arrives elsewhere only after it
  }

  get isHeld() {
    const pointed = this.#over && Date.now() - this.#movedAt < IDLE_MS;
    return pointed || this.strip.querySelector(":focus-visible") !== null;
  }
}
