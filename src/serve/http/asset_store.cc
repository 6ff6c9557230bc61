#include "serve/http/asset_store.h"

#include <algorithm>
#include <string>

namespace tapelake::serve {
namespace {

/// Whether a list field (`gzip, br;q=0.5`) names `wanted` and does not rule it out with q=0.
bool Accepts(std::string_view list, std::string_view wanted) {
  while (!list.empty()) {
    std::string_view item = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), item.size() + 1));
    std::string plain;
    std::copy_if(item.begin(), item.end(), std::back_inserter(plain),
                 [](char c) { return c != ' ' && c != '\t'; });
    const size_t name_end = std::min(plain.find(';'), plain.size());
    if (plain.substr(0, name_end) != wanted) continue;
    const std::string weight = plain.substr(name_end);
    return !weight.starts_with(";q=0") || weight.find_first_of("123456789") != std::string::npos;
  }
  return false;
}

bool NamesTag(std::string_view list, std::string_view etag) {
  return list == "*" || list.find(etag) != std::string_view::npos;
}

}  // namespace

HttpResponse ServeAsset(const Asset& asset, const HttpRequest& request) {
  HttpResponse response;
  response.fields.emplace_back("ETag", asset.etag);
  response.fields.emplace_back(
      "Cache-Control", asset.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  if (!asset.gzip.empty()) response.fields.emplace_back("Vary", "Accept-Encoding");
  if (NamesTag(request.Field("if-none-match").value_or(""), asset.etag)) {
    response.status = 304;
    return response;
  }
  response.content_type = asset.content_type;
  response.lasting_body = asset.bytes;
  if (!asset.gzip.empty() && Accepts(request.Field("accept-encoding").value_or(""), "gzip")) {
    response.fields.emplace_back("Content-Encoding", "gzip");
    response.lasting_body = asset.gzip;
  }
  return response;
}

const Asset* AssetTable::Find(std::string_view path) const {
  const Asset* end = assets_ + count_;
  const Asset* found = std::lower_bound(
      assets_, end, path, [](const Asset& a, std::string_view b) { return a.path < b; });
  return found != end && found->path == path ? found : nullptr;
}

}  // namespace tapelake::serve
