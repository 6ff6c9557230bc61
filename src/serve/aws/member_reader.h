#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/aws/aws_error.h"
#include "serve/aws/wire_value.h"

namespace tapelake::serve {

/// What is wrong with a request, in AWS's words. One thread.
class Violations {
 public:
  /// A value of the right type that its constraint refuses: `Value null at 'streamName' failed to
  /// satisfy constraint: Member must not be null`. `shown`: the value as messages show it.
  void Refuse(std::string_view place, std::string_view shown, std::string_view constraint);
  /// A value of another type. The first one decides.
  void Misfit(std::string_view place, std::string_view wanted);

  /// All of it as one error; nullopt: nothing is wrong.
  std::optional<AwsError> error() const;

 private:
  std::string misfit_;
  std::vector<std::string> refused_;
  size_t count_ = 0;
};

/// Takes members of a map as the service's model declares them. What is absent, of another type or
/// out of bounds comes back as nullopt, and is noted. One thread.
class MemberReader {
 public:
  /// `violations` outlives the reader. `place` stands before the names of members in messages:
  /// `records.1.member.`.
  MemberReader(WireValue map, Violations* violations, std::string place = "");

  /// Whether the member is there, whatever it is.
  bool Has(std::string_view name) const { return !map_.Find(name).absent(); }

  enum class Need : uint8_t { kOptional = 1, kRequired = 2 };

  struct TextRule {
    Need need = Need::kOptional;
    size_t characters_min = 1;
    size_t characters_max = 1;
    std::string_view alphabet = {};  ///< Its characters; empty: any.
    std::string_view pattern = {};   ///< How messages write the alphabet.
  };
  std::optional<std::string> Text(std::string_view name, const TextRule& rule);

  /// One of `choices`.
  std::optional<std::string> Choice(std::string_view name, Need need,
                                    const std::vector<std::string_view>& choices);

  struct IntegerRule {
    Need need = Need::kOptional;
    int64_t min = std::numeric_limits<int64_t>::min();
    int64_t max = std::numeric_limits<int64_t>::max();
  };
  std::optional<int64_t> Integer(std::string_view name, const IntegerRule& rule);

  bool Flag(std::string_view name);  ///< Absent: false.
  std::optional<int64_t> TimeMicros(std::string_view name);
  /// Bytes, at most `bytes_max`.
  std::optional<std::string> Blob(std::string_view name, Need need, size_t bytes_max);
  /// A map; absent: an absent value.
  WireValue Map(std::string_view name);
  /// A list of min..max items, which must be maps if there is one; absent or wrong: no items.
  WireValue List(std::string_view name, size_t items_min, size_t items_max);
  /// A list of min..max texts, each by `rule`; absent or wrong: no texts.
  std::vector<std::string> Texts(std::string_view name, size_t items_min, size_t items_max,
                                 const TextRule& rule);

 private:
  /// How messages name a member, or an item (from 1) of a list that it is.
  std::string PlaceOf(std::string_view name, size_t item = 0) const;
  /// `value`, if it is such a text. It stands at `name`, as item `item` of a list there (from 1).
  std::optional<std::string> CheckText(WireValue value, const TextRule& rule, std::string_view name,
                                       size_t item = 0);
  /// A list with min..max items of any type.
  WireValue ListOfAny(std::string_view name, size_t items_min, size_t items_max);
  /// The member; notes what is absent and must not be.
  std::optional<WireValue> Find(std::string_view name, Need need);

  const WireValue map_;
  Violations& violations_;
  const std::string place_;
};

/// Characters (code points) of UTF-8 text.
size_t CharacterCount(std::string_view utf8);

}  // namespace tapelake::serve
