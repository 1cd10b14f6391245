// Starts Swagger UI. A file of its own, so that a content security policy need not allow inline scripts.
const main = document.getElementById("pts-errors-api");

window.SwaggerUIBundle({
  url: main.dataset.schema,
  domNode: main,
  deepLinking: true,
  supportedSubmitMethods: ["get"],
  validatorUrl: null, // the default sends the document to another site
});
