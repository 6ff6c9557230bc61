#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "serve/aws/aws_error.h"
#include "serve/aws/firehose/firehose_service.h"
#include "serve/aws/member_reader.h"
#include "serve/aws/wire_value.h"

namespace tapelake::serve {

/// Takes the destination of a CreateDeliveryStream or UpdateDestination request. What delivery
/// cannot do is refused by name, never passed over. One thread.
class DestinationReader {
 public:
  /// The words of two operations for the same: `S3DestinationConfiguration`, `S3DestinationUpdate`.
  enum class Request { kCreate, kUpdate };

  /// All must outlive the reader. What a request leaves out stays in `*stream` as it is.
  DestinationReader(Request kind, Violations* violations, DeliveryStream* stream)
      : creates_(kind == Request::kCreate),
        violations_(*violations),
        stream_(*stream),
        objects_(stream->objects) {}

  /// Read what `request` says into the stream. Whether a prefix, a time zone or an extension is one
  /// is not looked at.
  void Read(WireValue request);

  /// What cannot be had, first things first; nullopt: everything can. After the violations.
  const std::optional<AwsError>& refusal() const { return refusal_; }

 private:
  MemberReader::Need need() const {
    return creates_ ? MemberReader::Need::kRequired : MemberReader::Need::kOptional;
  }
  std::string Word(std::string_view name) const {
    return std::string(name) + (creates_ ? "Configuration" : "Update");
  }
  void ReadCommon(MemberReader* members, const std::string& place);
  void ReadBucket(MemberReader* members);
  void ReadHints(MemberReader* members, const std::string& place);
  void ReadExtended(MemberReader* members, const std::string& place);
  void ReadProcessing(MemberReader* members, const std::string& place);
  void ReadProcessor(MemberReader* processor, const std::string& place);
  void ReadParameter(std::string_view type, const std::string& name, const std::string& value);
  void ReadPartitioning(MemberReader* members, const std::string& place, bool was_partitioned);
  void ReadBackup(MemberReader* members, const std::string& place);
  void ReadBackupPlace(MemberReader* members, const std::string& place);
  void RefuseUnsupported(MemberReader* members, const std::string& place);
  void Refuse(std::string message);

  const bool creates_;
  Violations& violations_;
  DeliveryStream& stream_;
  DeliveredObjects& objects_;
  std::optional<AwsError> refusal_;
};

}  // namespace tapelake::serve
