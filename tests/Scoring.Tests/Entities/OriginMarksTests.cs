using System.Buffers;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Models.Wire;
using Scoring.Tests.Pipeline;

namespace Scoring.Tests.Entities;

public class OriginMarksTests
{
    [Fact]
    public void A_record_of_one_more_origin_than_is_kept_is_refused_before_and_after_a_restart()
    {
        var stage = Stage();
        for (var i = 0; i < OriginMarks.Max; i++)
            Assert.Equal(EntityOutcome.Scored, Apply(stage, i, new RecordOrigin("cards", i, 5)).Outcome);
        var marks = new ArrayBufferWriter<byte>();
        stage.SaveMarks(marks);
        var restored = Stage();
        restored.RestoreMarks(marks.WrittenSpan);

        foreach (var each in new[] { stage, restored })
        {
            var refused = Apply(each, OriginMarks.Max, new RecordOrigin("hostile", 0, 1));
            Assert.Equal((EntityOutcome.Rejected, RejectReason.TooManyOrigins), (refused.Outcome, refused.Rejection!.Reason));
            Assert.Equal(EntityOutcome.RelayedBefore, Apply(each, OriginMarks.Max, new RecordOrigin("cards", 7, 5)).Outcome);
            Assert.Equal(EntityOutcome.Scored, Apply(each, OriginMarks.Max, new RecordOrigin("cards", 7, 6)).Outcome);
            each.PassOver(Record(0, new RecordOrigin("hostile", 1, 1)));
            var after = new ArrayBufferWriter<byte>();
            each.SaveMarks(after);
            Assert.Equal(marks.WrittenCount, after.WrittenCount);
        }
    }

    private static EntityStage Stage() => new(ShardFixture.Set(), new DecodeLimits(), new EntityOptions());

    private static InputRecord Record(int number, RecordOrigin origin) => ShardFixture.Record(number, $"t-{number}", afterMillis: number) with { Origin = origin };

    private static Applied Apply(EntityStage stage, int number, RecordOrigin origin)
    {
        stage.Decode(Record(number, origin), out var decoded);
        return stage.Apply(decoded, new double[stage.Engine.Set.FeatureNames.Count]);
    }
}
