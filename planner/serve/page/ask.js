"use strict";
(function () {
  const OWN = "";
  const WAIT = 400;
  const POLL = 700;
  const FILES = {
    "plan.json": "plan (JSON)", "bom.csv": "bill of materials (CSV)", "costs.csv": "costs (CSV)",
    "cables.csv": "cables (CSV)", "racks.csv": "racks (CSV)", "plan.xlsx": "workbook (XLSX)",
    "answer.html": "this page (HTML)", "changes.html": "what changes (HTML)", "instance.yaml": "the question (YAML)",
  };
  const at = (id) => document.getElementById(id);
  const text = at("instance");
  let checks = 0;
  let timer = 0;
  let template = OWN;
  let original = "";
  let watched = null;
  let shown = null;

  function make(name, words, kind) {
    const element = document.createElement(name);
    if (words !== undefined) element.textContent = words;
    if (kind) element.className = kind;
    return element;
  }

  async function call(path, body) {
    const how = body === undefined ? {} : {
      method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body),
    };
    let answer;
    try {
      answer = await fetch(path, how);
    } catch (error) {
      throw {error: "The server does not answer. Is planner serve still running?"};
    }
    let found;
    try {
      found = await answer.json();
    } catch (error) {
      throw {error: "The server answered " + answer.status + "."};
    }
    if (!answer.ok) throw found;
    return found;
  }

  // The question

  async function begin() {
    const found = await call("api/templates");
    for (const one of found) {
      const option = make("option", one.template);
      option.value = one.template;
      option.dataset.asks = one.asks;
      at("template").append(option);
    }
    const own = make("option", "an instance of my own");
    own.value = OWN;
    own.dataset.asks = "Paste the text of an instance file below.";
    at("template").append(own);
    at("template").selectedIndex = 0;
    await choose();
    await list();
    const going = (await call("api/solves")).find((one) => one.state !== "ended");
    if (going) watch(going.id);
  }

  async function choose() {
    const wanted = at("template").value;
    if (text.value !== original && !window.confirm("What was changed in the text is lost. Go on?")) {
      at("template").value = template;
      return;
    }
    template = wanted;
    at("asks").textContent = at("template").selectedOptions[0].dataset.asks;
    original = template === OWN ? "" : (await call("api/templates/" + encodeURIComponent(template))).instance;
    text.value = original;
    if (template === OWN) {
      at("text-part").open = true;
      text.focus();
    }
    await check();
  }

  function soon() {
    window.clearTimeout(timer);
    timer = window.setTimeout(check, WAIT);
  }

  async function check() {
    window.clearTimeout(timer);
    const mine = ++checks;
    const asked = text.value;
    let found;
    if (asked.trim() === "") {
      found = {valid: false, lines: [], faults: [], remarks: [], figures: []};
    } else {
      try {
        found = await call("api/check", {instance: asked});
      } catch (refused) {
        found = {valid: false, lines: [refused.error], faults: [], remarks: [], figures: []};
      }
    }
    if (mine !== checks) return;
    show(found);
    draw(found.figures, found.faults);
  }

  function show(found) {
    const parts = [];
    found.lines.forEach(function (line, n) {
      const part = make("div", undefined, "fault");
      const fault = found.faults[n];
      if (fault && fault.line !== null) {
        const go = make("button", "line " + fault.line);
        go.type = "button";
        go.addEventListener("click", () => select(fault.line));
        part.append(go, make("span", ": " + (fault.key ? fault.key + ": " : "") + fault.message));
      } else {
        part.append(make("span", line));
      }
      parts.push(part);
    });
    for (const line of found.remarks) parts.push(make("div", line, "remark"));
    if (found.valid) parts.push(make("div", "The instance is valid.", "fine"));
    at("verdict").replaceChildren(...parts);
    at("solve").disabled = !found.valid;
  }

  function select(line) {
    at("text-part").open = true;
    const lines = text.value.split("\n");
    const begin = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    text.focus();
    text.setSelectionRange(begin, begin + (lines[line - 1] || "").length);
    text.scrollTop = (line - 4) * text.scrollHeight / Math.max(lines.length, 1);
  }

  // A field for every figure; what is typed in one goes to its place in the text.

  function draw(figures, faults) {
    const active = document.activeElement;
    if (active && active.dataset && active.dataset.key !== undefined && figures.length) {
      const same = figures.find((figure) => figure.key === active.dataset.key);
      if (same && same.value === active.dataset.held) {
        refresh(figures, faults);
        return;
      }
    }
    if (active && active.dataset && active.dataset.key !== undefined && !figures.length) return;
    const yours = figures.filter((figure) => figure.yours);
    const others = figures.filter((figure) => !figure.yours);
    at("figures").replaceChildren(...yours.map(field));
    at("more-figures").replaceChildren(...others.map(field));
    at("more-count").textContent = String(others.length);
    at("figures-part").hidden = figures.length === 0;
    at("figures").previousElementSibling.hidden = yours.length === 0;
    if (yours.length === 0 && figures.length) at("more").open = true;
    refresh(figures, faults);
  }

  function field(figure, n) {
    const part = make("div", undefined, "figure");
    const label = make("label", figure.key);
    const input = make("input");
    input.id = "figure-" + (figure.yours ? "y" : "o") + n;
    input.value = figure.value;
    input.autocomplete = "off";
    input.spellcheck = false;
    input.dataset.key = figure.key;
    label.htmlFor = input.id;
    input.addEventListener("input", () => put(input));
    part.append(label, input);
    const words = figure.note.replace(/^yours:?\s*/i, "") || figure.meaning;
    const note = words + (words && figure.accepts ? " · " : "") + (figure.accepts ? "accepts " + figure.accepts : "");
    if (note) {
      const below = make("p", note, "note");
      below.id = input.id + "-note";
      input.setAttribute("aria-describedby", below.id);
      part.append(below);
    }
    return part;
  }

  function refresh(figures, faults) {
    const places = new Map(figures.map((figure) => [figure.key, figure]));
    const wrong = new Set(faults.map((fault) => fault.key));
    document.querySelectorAll("input[data-key]").forEach(function (input) {
      const figure = places.get(input.dataset.key);
      if (figure) {
        input.dataset.begin = figure.begin;
        input.dataset.held = figure.value;
      }
      input.parentElement.classList.toggle("wrong", wrong.has(input.dataset.key));
      input.setAttribute("aria-invalid", String(wrong.has(input.dataset.key)));
    });
  }

  function put(input) {
    const letters = Array.from(text.value); // places are counted in characters, not in halves of them
    const begin = Number(input.dataset.begin);
    const held = Array.from(input.dataset.held);
    if (letters.slice(begin, begin + held.length).join("") !== input.dataset.held) {
      soon();
      return;
    }
    const typed = input.value === "" ? "~" : input.value;
    const now = Array.from(typed);
    letters.splice(begin, held.length, ...now);
    text.value = letters.join("");
    document.querySelectorAll("input[data-key]").forEach(function (other) {
      if (other !== input && Number(other.dataset.begin) > begin) {
        other.dataset.begin = Number(other.dataset.begin) + now.length - held.length;
      }
    });
    input.dataset.held = typed;
    soon();
  }

  // Solving

  async function ask(event) {
    event.preventDefault();
    at("refused").replaceChildren();
    at("solve").disabled = true;
    try {
      const solve = await call("api/solves", {
        instance: text.value, time_limit: Number(at("seconds").value), gap: Number(at("gap").value) / 100,
        against: at("against").value === "" ? null : Number(at("against").value),
      });
      watch(solve.id);
    } catch (refused) {
      const lines = refused.lines || [refused.error || "The server refused the question."];
      at("refused").replaceChildren(...lines.map((line) => make("div", line, "fault")));
    }
    at("solve").disabled = false;
  }

  function watch(id) {
    watched = id;
    shown = null;
    at("progress").hidden = false;
    at("answer").hidden = true;
    follow(id);
    list();
  }

  async function follow(id) {
    let solve;
    try {
      solve = await call("api/solves/" + id);
    } catch (refused) {
      at("progress-words").textContent = refused.error;
      if (watched === id) window.setTimeout(() => follow(id), 4 * POLL);
      return;
    }
    if (watched !== id) return;
    tell(solve);
    if (solve.state === "ended" || solve.files.includes("answer.html")) answer(solve);
    if (solve.state === "ended") {
      at("progress").hidden = true;
      watched = null;
      list();
    } else {
      window.setTimeout(() => follow(id), POLL);
    }
  }

  function amount(value, currency) {
    for (const [size, letter] of [[1e9, "billion "], [1e6, "M "], [1e3, "k "]]) {
      if (Math.abs(value) >= size) return (value / size).toPrecision(4) + " " + letter + currency;
    }
    return value.toPrecision(4) + " " + currency;
  }

  function tell(solve) {
    let words = solve.name + ": ";
    if (solve.state === "waiting") {
      words += solve.before > 1 ? "waits for " + solve.before + " others" : "waits for one other";
    } else if (solve.state === "writing") {
      words += "a plan is found; its files are being written";
    } else {
      const found = solve.progress;
      words += typeof found.objective === "number" ? "best " + amount(found.objective, solve.currency) : "no plan yet";
      if (typeof found.bound === "number") words += ", no plan below " + amount(found.bound, solve.currency);
      if (typeof found.gap === "number") words += ", gap " + (100 * found.gap).toPrecision(2) + " %";
      if (solve.stopped) words += "; stopping";
    }
    at("progress-words").textContent = words + " (" + solve.seconds.toFixed(0) + " s)";
    at("bar").style.width = Math.min(100, 100 * solve.seconds / solve.time_limit) + "%";
    at("stop").textContent = solve.stopped ? "End at once" : "Stop, keep the best plan so far";
  }

  async function stop() {
    if (watched === null) return;
    try {
      tell(await call("api/solves/" + watched + "/stop", {}));
    } catch (refused) {
      at("progress-words").textContent = refused.error;
    }
  }

  function answer(solve) {
    const found = solve.answer;
    const parts = (found.sentences || []).map((words, n) => make("p", words, n ? "" : "first"));
    for (const words of found.clashes || []) parts.push(make("div", words, "fault"));
    for (const words of found.notes || []) parts.push(make("div", words, "remark"));
    for (const fault of found.faults || []) parts.push(make("div", fault.key + ": " + fault.message, "fault"));
    at("answer-words").replaceChildren(...parts);
    at("answer").hidden = false;
    const base = "api/solves/" + solve.id + "/";
    const links = [];
    for (const [name, words] of [["answer", "open the page in a window of its own"], ["changes", "what changes against answer " + solve.against]]) {
      if (!solve.files.includes(name + ".html")) continue;
      const open = make("a", words);
      open.href = base + name;
      open.target = "_blank";
      open.rel = "noopener";
      links.push(open);
    }
    for (const name of Object.keys(FILES).filter((one) => solve.files.includes(one))) {
      const link = make("a", FILES[name]);
      link.href = base + "files/" + name;
      link.download = name;
      links.push(link);
    }
    at("downloads").replaceChildren(...links);
    if (shown === solve.id) return;
    shown = solve.id;
    const page = at("page");
    page.hidden = !solve.files.includes("answer.html");
    if (page.hidden) page.removeAttribute("src");
    else page.src = base + "answer";
    at("answer-head").focus({preventScroll: true});
    at("answer").scrollIntoView({block: "start"});
  }

  async function list() {
    const found = await call("api/solves");
    const plans = found.filter((solve) => solve.files.includes("plan.json") && solve.files.includes("answer.html"));
    const chosen = at("against").value;
    at("against").replaceChildren(new Option("nothing", ""), ...plans.map((solve) => new Option(solve.id + ". " + solve.name, solve.id)));
    if (plans.some((solve) => String(solve.id) === chosen)) at("against").value = chosen;
    at("against-part").hidden = plans.length === 0;
    at("earlier").hidden = found.length === 0;
    at("earlier-count").textContent = String(found.length);
    at("solves").replaceChildren(...found.map(function (solve) {
      const item = make("li");
      item.value = solve.id;
      const words = solve.state === "ended" ? (solve.answer.sentences || ["ended"])[0] : solve.state;
      const button = make("button", solve.name + ": " + words);
      button.type = "button";
      button.addEventListener("click", () => watch(solve.id));
      item.append(button);
      return item;
    }));
  }

  function complain(refused) {
    at("refused").replaceChildren(make("div", refused.error || String(refused), "fault"));
  }

  at("template").addEventListener("change", () => choose().catch(complain));
  text.addEventListener("input", soon);
  at("ask").addEventListener("submit", ask);
  at("stop").addEventListener("click", stop);
  begin().catch(complain);
})();
