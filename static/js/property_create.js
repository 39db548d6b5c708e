// Propose the time zone of the browser, unless the form has come back with a choice.

const select = document.getElementById("id_time_zone");
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
const known = [...select.options].some((option) => option.value === here);
if (known && !document.querySelector("[aria-invalid]") && select.value === "UTC") select.value = here;
