/// Tags of the delivery streams that clients made.

#include <algorithm>

#include "serve/aws/firehose/firehose_service.h"

namespace tapelake::serve {
namespace {

constexpr size_t kKeyCharactersMax = 128;
constexpr size_t kValueCharactersMax = 256;
constexpr MemberReader::TextRule kKeyRule = {.need = MemberReader::Need::kRequired,
                                             .characters_max = kKeyCharactersMax};

}  // namespace

std::optional<AwsError> ReadTags(MemberReader* members, Violations* violations,
                                 std::map<std::string, std::string>* tags) {
  std::optional<AwsError> refused;
  const WireValue list = members->List("Tags", 1, kTagsMax);
  for (size_t i = 0; i < list.size(); ++i) {
    MemberReader tag(list.At(i), violations, "tags." + std::to_string(i + 1) + ".member.");
    const std::string key = tag.Text("Key", kKeyRule).value_or("");
    const auto value =
        tag.Text("Value", {.characters_min = 0, .characters_max = kValueCharactersMax});
    if (key.starts_with("aws:")) {
      refused = InvalidArgument("Tag key " + key + " begins with aws:, which only AWS may use.");
    }
    if (!tags->emplace(key, value.value_or("")).second) {
      refused = InvalidArgument("Tag key " + key + " is given twice.");
    }
  }
  return refused;
}

FirehoseService::Outcome FirehoseService::TagDeliveryStream(WireValue request,
                                                            AnswerWriter* answer) {
  Violations violations;
  MemberReader members(request, &violations);
  std::map<std::string, std::string> tags;
  const auto refused = ReadTags(&members, &violations, &tags);
  const std::scoped_lock lock(changing_);
  StreamPtr stream;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  if (refused) return refused;
  if (stream->keeper == nullptr) return DeclaredDeliveryStream(*stream);
  DeliveryStream wanted = *stream;
  for (auto& [key, value] : tags)
    wanted.tags[key] = std::move(value);
  if (wanted.tags.size() > kTagsMax) {
    return AwsError{.type = "LimitExceededException",
                    .message = "A Firehose has at most " + std::to_string(kTagsMax) + " tags."};
  }
  if (auto wrong = Change(std::move(wanted))) return wrong;
  answer->BeginMap();
  answer->EndMap();
  return std::nullopt;
}

FirehoseService::Outcome FirehoseService::UntagDeliveryStream(WireValue request,
                                                              AnswerWriter* answer) {
  Violations violations;
  MemberReader members(request, &violations);
  const std::vector<std::string> keys = members.Texts("TagKeys", 1, kTagsMax, kKeyRule);
  const std::scoped_lock lock(changing_);
  StreamPtr stream;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  if (stream->keeper == nullptr) return DeclaredDeliveryStream(*stream);
  DeliveryStream wanted = *stream;
  for (const std::string& key : keys)
    wanted.tags.erase(key);
  if (auto wrong = Change(std::move(wanted))) return wrong;
  answer->BeginMap();
  answer->EndMap();
  return std::nullopt;
}

FirehoseService::Outcome FirehoseService::ListTags(WireValue request, AnswerWriter* answer) {
  Violations violations;
  MemberReader members(request, &violations);
  const int64_t limit =
      members.Integer("Limit", {.min = 1, .max = kTagsMax}).value_or(int64_t{kTagsMax});
  const std::string after =
      members.Text("ExclusiveStartTagKey", {.characters_max = kKeyCharactersMax}).value_or("");
  StreamPtr stream;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  auto tag = stream->tags.upper_bound(after);
  answer->BeginMap();
  answer->Key("Tags");
  answer->BeginList();
  for (int64_t i = 0; i < limit && tag != stream->tags.end(); ++i, ++tag) {
    answer->BeginMap();
    answer->Text("Key", tag->first);
    answer->Text("Value", tag->second);
    answer->EndMap();
  }
  answer->EndList();
  answer->Bool("HasMoreTags", tag != stream->tags.end());
  answer->EndMap();
  return std::nullopt;
}

}  // namespace tapelake::serve
