/** The server's icon, for lists of servers: two people in a speech bubble, as in the MCPB bundle. */

const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1d2d5c"/><path d="M9 5h15a4 4 0 0 1 4 4v10a4 4 0 0 1-4 4h-9l-6 5v-5a4 4 0 0 1-4-4V9a4 4 0 0 1 4-4z" fill="#fff"/><g fill="#e35d3c"><circle cx="20.5" cy="11.5" r="3"/><path d="M15 20a5.5 5.5 0 0 1 11 0z"/></g><g fill="#263a6f"><circle cx="12.5" cy="11.5" r="3"/><path d="M7 20a5.5 5.5 0 0 1 11 0z"/></g></svg>`

export const icons = [{ src: `data:image/svg+xml;base64,${btoa(drawing)}`, mimeType: "image/svg+xml", sizes: ["any"] }]
