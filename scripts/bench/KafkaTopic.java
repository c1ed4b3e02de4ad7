import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;

/** Topics of a benchmark's broker: HOST:PORT create TOPIC PARTITIONS, HOST:PORT delete TOPIC, HOST:PORT end TOPIC PARTITIONS. */
public class KafkaTopic {
    public static void main(String[] given) throws Exception {
        String topic = given[2];
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", given[0]))) {
            switch (given[1]) {
                case "create" -> admin.createTopics(
                    List.of(new NewTopic(topic, Optional.of(Integer.parseInt(given[3])), Optional.empty()))).all().get();
                case "delete" -> admin.deleteTopics(List.of(topic)).all().get();
                case "end" -> {
                    Map<TopicPartition, OffsetSpec> asked = IntStream.range(0, Integer.parseInt(given[3])).boxed()
                        .collect(Collectors.toMap(p -> new TopicPartition(topic, p), p -> OffsetSpec.latest()));
                    long sum = admin.listOffsets(asked).all().get().values().stream().mapToLong(found -> found.offset()).sum();
                    System.out.println(sum);
                }
                default -> throw new IllegalArgumentException(given[1]);
            }
        }
    }
}
