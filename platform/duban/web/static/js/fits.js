// A select[data-fits="<field>"] shows only the options that fit what was picked in that field: data-levels says {"option": ["level"]}.
// What was picked tells its level with the picker's "picked" event. Without a choice, or without this script, all are shown.
export function start(selects) {
  for (const select of selects) {
    const levels = JSON.parse(select.dataset.levels || "{}");
    const all = [...select.options];
    const show = (level) => {
      const fits = (option) => !option.value || !level || (levels[option.value] ?? []).includes(level);
      const chosen = select.value;
      select.replaceChildren(...all.filter(fits));
      select.value = all.some((option) => option.value === chosen && fits(option)) ? chosen : "";
    };
    show(select.dataset.level);
    select.form?.addEventListener("picked", (event) => {
      if (event.detail.field === select.dataset.fits) show(event.detail.item?.level);
    });
  }
}
