// On a phone or an upright tablet the answer lies below the controls: bring it into view when it comes.
watch('value', () => {
  if (window.innerWidth > 1000 || !element.querySelector('.fo-results')) return;
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  element.scrollIntoView({ behavior: still ? 'auto' : 'smooth', block: 'start' });
});
