/** Follows an import until it is over, and imports after a dry run. */

const ASK_MS = 400;

async function follow(course) {
  while (!("over" in course.dataset)) {
    await new Promise((resolve) => setTimeout(resolve, ASK_MS));
    const answer = await fetch(course.dataset.importCourse);
    if (!answer.ok) continue; // the site is being started anew, or the session is over: the page stays as it is
    course.outerHTML = await answer.text();
    course = document.querySelector("[data-import-course]");
  }
}

function goOn(address) {
  const form = document.createElement("form");
  form.method = "post";
  form.action = address;
  const token = document.querySelector("[name=csrfmiddlewaretoken]").cloneNode();
  form.append(token);
  document.body.append(form);
  form.submit();
}

addEventListener("DOMContentLoaded", () => {
  const course = document.querySelector("[data-import-course]");
  if (course) follow(course);
});
addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-import-go-on]");
  if (!button) return;
  button.disabled = true;
  goOn(button.dataset.importGoOn);
});
