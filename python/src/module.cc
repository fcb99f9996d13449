// SPDX-License-Identifier: Apache-2.0
// The extension module: what varve/__init__.py builds on.
#include "array.h"
#include "batch.h"
#include "errors.h"
#include "nanobind/nanobind.h"
#include "rows.h"
#include "schema.h"
#include "signals.h"
#include "table.h"
#include "varve/map_guard.h"

NB_MODULE(_varve, module) {
  // Results may outlive the interpreter's modules at exit; that is no leak.
  nanobind::set_leak_warnings(false);
  varve::python::ThrowIfError(varve::InstallMapGuard());
  varve::python::InitializeSignals();
  varve::python::DefineSchema(module);
  varve::python::DefineArray(module);
  varve::python::DefineBatch(module);
  varve::python::DefineRows(module);
  varve::python::DefineTable(module);
}
