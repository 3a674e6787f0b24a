// Messages of a topic: the form shows the fields that count, and “Follow” asks once a second for what came since.
const ROWS = 500; // kept on the page; older lines go
const EVERY_MS = 1000;

const form = document.querySelector("form.live-filter");
const start = form.querySelector("[data-start]");

function showFields() {
  for (const label of form.querySelectorAll("[data-for]")) label.hidden = label.dataset.for !== start.value;
}
start.addEventListener("change", showFields);
showFields();

const view = document.getElementById("messages");
const follow = view?.querySelector("[data-follow]");
if (follow) {
  const rows = view.querySelector("tbody");
  const light = view.querySelector("[data-state]");
  const words = view.querySelector("[data-words]");
  const told = view.querySelector("[data-told]");
  const nothing = rows.querySelector(".live-empty");
  let at = view.dataset.at;
  let following = false;
  let run = 0; // who stopped and follows again at once leaves the run before to end by itself
  let shown = 0;
  let passedOver = 0;

  const say = (state, text) => {
    light.dataset.state = state;
    words.textContent = text;
  };

  async function look() {
    const asked = new URLSearchParams(location.search);
    asked.set("at", at);
    const response = await fetch(`${view.dataset.newer}?${asked}`);
    if (response.redirected || response.status === 403) throw new Error("You are logged out: load the page again.");
    const came = await response.json();
    if (!response.ok) throw new Error(Object.values(came.errors).flat().join(" "));
    at = came.at;
    show(came);
  }

  function show(came) {
    shown += came.shown;
    passedOver += came.passedOver;
    if (came.shown) {
      nothing?.remove();
      const made = document.createElement("tbody");
      made.innerHTML = came.rows;
      for (const row of made.rows) row.classList.add("messages-new");
      rows.prepend(...made.rows);
      while (rows.rows.length > ROWS) rows.lastElementChild.remove();
    }
    const left = passedOver ? `, ${passedOver.toLocaleString("en")} passed over: they come faster than can be shown` : "";
    told.textContent = `${shown.toLocaleString("en")} came since${left}`;
  }

  async function go() {
    const mine = ++run;
    while (following && mine === run) {
      try {
        if (document.visibilityState === "visible") {
          await look();
          if (following) say("watching", "Following");
        }
      } catch (error) {
        say("away", `${error.message} Trying again.`);
      }
      await new Promise((done) => setTimeout(done, EVERY_MS));
    }
  }

  follow.addEventListener("click", () => {
    following = !following;
    follow.textContent = following ? "Stop" : "Follow";
    follow.setAttribute("aria-pressed", String(following));
    say(following ? "watching" : "paused", following ? "Following" : "Stopped");
    if (following) go();
  });
}
