#pragma once

#include <string_view>

#include "serve/http/message.h"

namespace tapelake::serve {

/// A file of the page. The views live as long as its store.
struct Asset {
  std::string_view path;  ///< `/assets/index-5f3a.js`; the page itself is `/`.
  std::string_view bytes;
  std::string_view gzip;  ///< The same, compressed; empty if that is not smaller.
  std::string_view content_type;
  std::string_view etag;   ///< With quotes.
  bool immutable = false;  ///< The name holds a hash of the content: it never changes.
};

/// The built page. Immutable; any thread.
class AssetStore {
 public:
  virtual ~AssetStore() = default;
  /// nullptr: there is none.
  virtual const Asset* Find(std::string_view path) const = 0;
};

/// Answer a GET for a file: compressed if the client takes it, 304 if it has it already.
HttpResponse ServeAsset(const Asset& asset, const HttpRequest& request);

/// A store over a table, by path in ascending order, that outlives it: what the build makes of the
/// page's folder (cmake/TapelakeAssets.cmake).
class AssetTable : public AssetStore {
 public:
  AssetTable(const Asset* assets, size_t count) : assets_(assets), count_(count) {}
  const Asset* Find(std::string_view path) const override;

 private:
  const Asset* assets_;
  size_t count_;
};

/// The built page, in the binary: the library `tapelake_page`, to be linked by who calls it.
const AssetTable& EmbeddedPage();

}  // namespace tapelake::serve
