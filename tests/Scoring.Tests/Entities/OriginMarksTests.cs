using System.Buffers;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Models.Wire;

namespace Scoring.Tests.Entities;

public class OriginMarksTests
{
    [Fact]
    public void A_record_of_one_more_origin_than_is_kept_is_refused_before_and_after_a_restart()
    {
        var marks = new OriginMarks();
        for (var partition = 0; partition < OriginMarks.Max; partition++)
        {
            var origin = new RecordOrigin("cards", partition, 5);
            Assert.True(marks.HasRoomFor(origin));
            marks.Note(origin);
        }

        var written = new ArrayBufferWriter<byte>();
        marks.Write(written);
        var restored = new OriginMarks();
        restored.Read(written.WrittenSpan);

        foreach (var each in new[] { marks, restored })
        {
            var hostile = new RecordOrigin("hostile", 0, 1);
            Assert.False(each.HasRoomFor(hostile));
            Assert.Equal(RejectReason.TooManyOrigins, OriginMarks.TooMany(hostile).Reason);
            Assert.True(each.IsRepeat(new RecordOrigin("cards", 7, 5)));
            Assert.False(each.IsRepeat(new RecordOrigin("cards", 7, 6)));
            Assert.True(each.HasRoomFor(new RecordOrigin("cards", 7, 6)));
        }
    }
}
