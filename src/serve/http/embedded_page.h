#pragma once

#include "serve/http/asset_store.h"

namespace tapelake::serve {

/// The page that the build put into the program (cmake/TapelakeAssets.cmake, library
/// tapelake_page).
const AssetTable& EmbeddedPage();

}  // namespace tapelake::serve
