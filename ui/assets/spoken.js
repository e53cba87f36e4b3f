// @ts-check
// A polite live region: screen readers hear one line about the result, not the whole page.
element.setAttribute('role', 'status');
element.setAttribute('aria-live', 'polite');
