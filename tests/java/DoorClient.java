import com.google.common.util.concurrent.ListenableFuture;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.auth.credentials.EnvironmentVariableCredentialsProvider;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.firehose.FirehoseClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.GetRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.PutRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.kinesis.producer.Attempt;
import software.amazon.kinesis.producer.KinesisProducer;
import software.amazon.kinesis.producer.KinesisProducerConfiguration;
import software.amazon.kinesis.producer.UserRecordFailedException;
import software.amazon.kinesis.producer.UserRecordResult;

/**
 * What the tests of the AWS-compatible door say through Amazon's Java libraries.
 *
 * <p>usage: DoorClient sdk|kpl ENDPOINT REGION STREAM [AGGREGATE] < RECORDS
 *
 * <p>A record is a line `KEY TAB BASE64`. What came of it is told in lines of fields with tabs
 * between them. Credentials come from the environment, what is trusted from the system properties.
 */
public class DoorClient {
  private record Item(String key, byte[] data) {}

  private static void say(Object... fields) {
    var line = new StringBuilder();
    for (Object field : fields) line.append(line.isEmpty() ? "" : "\t").append(field);
    System.out.println(line);
  }

  private static List<Item> readItems() throws Exception {
    var items = new ArrayList<Item>();
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      int tab = line.indexOf('\t');
      items.add(new Item(line.substring(0, tab), Base64.getDecoder().decode(line.substring(tab + 1))));
    }
    return items;
  }

  /** Remembers the types of the bodies in both directions: what was really spoken. */
  private static class Listener implements ExecutionInterceptor {
    final Set<String> types = new ConcurrentSkipListSet<>();

    @Override
    public void beforeTransmission(Context.BeforeTransmission context, ExecutionAttributes attributes) {
      context.httpRequest().firstMatchingHeader("Content-Type").ifPresent(types::add);
    }

    @Override
    public void afterTransmission(Context.AfterTransmission context, ExecutionAttributes attributes) {
      context.httpResponse().firstMatchingHeader("Content-Type").ifPresent(types::add);
    }
  }

  private static void sdk(URI endpoint, Region region, String stream) throws Exception {
    var listener = new Listener();
    var http = UrlConnectionHttpClient.create();
    var kinesis = KinesisClient.builder().region(region).endpointOverride(endpoint).httpClient(http)
        .credentialsProvider(EnvironmentVariableCredentialsProvider.create())
        .overrideConfiguration(c -> c.addExecutionInterceptor(listener)).build();
    var summary = kinesis.describeStreamSummary(b -> b.streamName(stream)).streamDescriptionSummary();
    say("stream", summary.streamARN(), summary.openShardCount(),
        summary.streamCreationTimestamp().toEpochMilli());
    put(kinesis, stream, readItems());
    read(kinesis, stream);
    refusals(kinesis, stream);
    listener.types.forEach(type -> say("type", type));
    var sts = StsClient.builder().region(region).endpointOverride(endpoint).httpClient(http).build();
    say("caller", sts.getCallerIdentity().arn());
    var firehose = FirehoseClient.builder().region(region).endpointOverride(endpoint).httpClient(http).build();
    var placed = firehose.putRecord(
        b -> b.deliveryStreamName(stream).record(r -> r.data(SdkBytes.fromUtf8String("not json"))));
    say("firehose", placed.recordId());
    async(endpoint, region, stream);
  }

  private static void put(KinesisClient kinesis, String stream, List<Item> items) {
    for (int begin = 0; begin < items.size(); begin += 500) {
      var batch = new ArrayList<PutRecordsRequestEntry>();
      for (Item item : items.subList(begin, Math.min(items.size(), begin + 500))) {
        batch.add(PutRecordsRequestEntry.builder().partitionKey(item.key)
            .data(SdkBytes.fromByteArray(item.data)).build());
      }
      PutRecordsResponse answer = kinesis.putRecords(b -> b.streamName(stream).records(batch));
      answer.records().forEach(r -> say("put", r.shardId(), r.sequenceNumber(), r.errorCode()));
    }
  }

  private static void read(KinesisClient kinesis, String stream) {
    for (Shard shard : kinesis.listShards(b -> b.streamName(stream)).shards()) {
      String iterator = kinesis.getShardIterator(b -> b.streamName(stream).shardId(shard.shardId())
          .shardIteratorType(ShardIteratorType.TRIM_HORIZON)).shardIterator();
      Record last = null;
      for (long behind = 1; behind > 0; ) {
        String from = iterator;
        GetRecordsResponse answer = kinesis.getRecords(b -> b.shardIterator(from).limit(700));
        for (Record r : answer.records()) {
          last = r;
          say("read", shard.shardId(), r.sequenceNumber(),
              r.approximateArrivalTimestamp().toEpochMilli(), r.partitionKey(),
              Base64.getEncoder().encodeToString(r.data().asByteArray()));
        }
        iterator = answer.nextShardIterator();
        behind = answer.millisBehindLatest();
      }
      if (last == null) continue;
      var time = last.approximateArrivalTimestamp();
      String at = kinesis.getShardIterator(b -> b.streamName(stream).shardId(shard.shardId())
          .shardIteratorType(ShardIteratorType.AT_TIMESTAMP).timestamp(time)).shardIterator();
      Record first = kinesis.getRecords(b -> b.shardIterator(at).limit(1)).records().get(0);
      say("at", shard.shardId(), time.toEpochMilli(),
          first.approximateArrivalTimestamp().toEpochMilli());
    }
  }

  private static void refusals(KinesisClient kinesis, String stream) {
    refused(() -> kinesis.describeStreamSummary(b -> b.streamName("none")));
    refused(() -> kinesis.createStream(b -> b.streamName(stream).shardCount(1)));
    refused(() -> kinesis.getRecords(b -> b.shardIterator("none")));
    refused(() -> kinesis.putRecord(b -> b.streamName(stream).partitionKey("k")
        .data(SdkBytes.fromByteArray(new byte[(1 << 20) + 1]))));
    refused(() -> kinesis.registerStreamConsumer(b -> b.streamARN("arn").consumerName("c")));
  }

  private static void refused(Runnable call) {
    try {
      call.run();
      say("refused", "nothing");
    } catch (AwsServiceException e) {
      say("refused", e.getClass().getSimpleName(), e.awsErrorDetails().errorCode(), e.statusCode(),
          e.requestId() != null, e.awsErrorDetails().errorMessage());
    }
  }

  /** The asynchronous client speaks HTTP/2 to Kinesis unless it is told otherwise. */
  private static void async(URI endpoint, Region region, String stream) throws Exception {
    var http = NettyNioAsyncHttpClient.builder().protocol(Protocol.HTTP1_1).build();
    try (var kinesis = KinesisAsyncClient.builder().region(region).endpointOverride(endpoint)
        .httpClient(http).build()) {
      var shards = new TreeSet<String>();
      var puts = new ArrayList<java.util.concurrent.CompletableFuture<?>>();
      for (int i = 0; i < 200; ++i) {
        String key = "async-" + i;
        puts.add(kinesis.putRecord(b -> b.streamName(stream).partitionKey(key)
            .data(SdkBytes.fromUtf8String("not json"))).thenAccept(r -> {
              synchronized (shards) {
                shards.add(r.shardId());
              }
            }));
      }
      for (var put : puts) put.get(60, TimeUnit.SECONDS);
      say("async", puts.size(), shards.size());
    }
  }

  private static void kpl(URI endpoint, String region, String stream, boolean aggregate)
      throws Exception {
    var configuration = new KinesisProducerConfiguration().setRegion(region)
        .setKinesisEndpoint(endpoint.getHost()).setKinesisPort(endpoint.getPort())
        .setStsEndpoint(endpoint.getHost()).setStsPort(endpoint.getPort())
        // Its native part trusts the certificates that it brings along, and no others.
        .setVerifyCertificate(false)
        .setMetricsLevel("none").setLogLevel("warning").setAggregationEnabled(aggregate)
        .setRecordMaxBufferedTime(200).setRequestTimeout(10_000).setRecordTtl(60_000)
        .setCredentialsProvider(EnvironmentVariableCredentialsProvider.create());
    var producer = new KinesisProducer(configuration);
    var puts = new ArrayList<ListenableFuture<UserRecordResult>>();
    for (Item item : readItems()) {
      puts.add(producer.addUserRecord(stream, item.key, ByteBuffer.wrap(item.data)));
    }
    producer.flush();
    for (var put : puts) {
      try {
        UserRecordResult result = put.get(90, TimeUnit.SECONDS);
        say("put", result.getShardId(), result.getSequenceNumber(), result.getAttempts().size());
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof UserRecordFailedException failed)) throw e;
        for (Attempt attempt : failed.getResult().getAttempts()) {
          say("failed", attempt.getErrorCode(), attempt.getErrorMessage());
        }
      }
    }
    producer.destroy();
  }

  public static void main(String[] arguments) throws Exception {
    URI endpoint = URI.create(arguments[1]);
    if (arguments[0].equals("kpl")) {
      kpl(endpoint, arguments[2], arguments[3], Boolean.parseBoolean(arguments[4]));
    } else {
      sdk(endpoint, Region.of(arguments[2]), arguments[3]);
    }
    System.exit(0); // threads of the libraries linger
  }
}
